/** Downloads a file and shows how far it is: `node build/examples/download-with-progress.js HOST PORT PATH TARGET` */
import { FtpClient } from "ferry/client";

const [host = "127.0.0.1", port = "2121", path = "welcome.txt", target = "welcome.txt"] =
  process.argv.slice(2);

await using client = await FtpClient.connect({ host, port: Number(port), user: "anna", password: "secret" });

await client.download(path, target, {
  resume: true,
  keepTimes: true,
  onProgress({ bytes, total, rate, eta, done }) {
    const part = total === undefined ? "" : ` of ${total}`;
    const left = eta === undefined || done ? "" : `, ${Math.ceil(eta / 1000)} s left`;
    console.log(`${bytes}${part} bytes, ${Math.round(rate / 1000)} kB/s${left}`);
  },
});
