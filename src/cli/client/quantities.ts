/** Rates, durations and counts for people. */
import { humanSize } from "./formatting.js";

/** `3.4 MiB/s`: at most 10 columns. */
export function rateText(bytesPerSecond: number): string {
  return `${humanSize(bytesPerSecond)}/s`;
}

/** `0:04`, `12:34`, `1:02:03`, `3d 04h`: at most 8 columns. */
export function durationText(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  const [s, m, h] = [seconds % 60, Math.floor(seconds / 60) % 60, Math.floor(seconds / 3600)];
  const two = (value: number): string => String(value).padStart(2, "0");
  if (h >= 1000 * 24) return "years";
  if (h >= 24) return `${Math.floor(h / 24)}d ${two(h % 24)}h`;
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** `1 file`, `3 files`. */
export function countText(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** `34 MiB in 0:04, 8.6 MiB/s`, `512 B in 20 ms, 25 KiB/s`. @param duration Milliseconds. */
export function movedText(bytes: number, duration: number): string {
  const rate = duration > 0 ? (bytes * 1000) / duration : 0;
  const time = duration < 1000 ? `${Math.round(duration)} ms` : durationText(duration);
  return `${humanSize(bytes)} in ${time}, ${rateText(rate)}`;
}

/** Bytes of all files together; undefined when nobody knows the size of one of them. */
export function sizeOfAll(files: readonly { readonly size?: number | undefined }[]): number | undefined {
  if (files.some(({ size }) => size === undefined)) return undefined;
  return files.reduce((sum, { size = 0 }) => sum + size, 0);
}
