/**
 * Loaded before a test file when FERRY_FUZZ_RUNS is set: multiplies the number of runs of every fast-check
 * property by it, and ends a property after FERRY_FUZZ_SECONDS when that is set. The test files import
 * fast-check as ever and get the same module with another `assert` and `check`.
 */
import { register } from "node:module";

const ORDINARY_RUNS = 100;

if (process.env.FERRY_FUZZ_RUNS !== undefined) {
  const real = import.meta.resolve("fast-check");
  const wrapper = `
    import * as real from ${JSON.stringify(real)};
    import { more } from ${JSON.stringify(import.meta.url)};
    export * from ${JSON.stringify(real)};
    export const assert = (property, parameters) => real.assert(property, more(parameters));
    export const check = (property, parameters) => real.check(property, more(parameters));
    export default { ...real, assert, check };`;
  const hooks = `
    const wrapper = "data:text/javascript," + encodeURIComponent(${JSON.stringify(wrapper)});
    export const resolve = (name, context, next) =>
      name === "fast-check" ? { url: wrapper, shortCircuit: true } : next(name, context);`;
  register(`data:text/javascript,${encodeURIComponent(hooks)}`);
}

export function more(parameters = {}) {
  const seconds = process.env.FERRY_FUZZ_SECONDS;
  return {
    ...parameters,
    numRuns: Math.ceil((parameters.numRuns ?? ORDINARY_RUNS) * Number(process.env.FERRY_FUZZ_RUNS)),
    ...(seconds === undefined ? {} : { interruptAfterTimeLimit: Number(seconds) * 1000 }),
  };
}
