/** Tells errors apart by their type: `node build/examples/react-to-errors.js HOST PORT PASSWORD PATH` */
import {
  FtpClient,
  FtpConnectionError,
  FtpError,
  FtpLoginError,
  FtpNotFoundError,
  FtpReplyError,
} from "ferry/client";

const [host = "127.0.0.1", port = "2121", password = "secret", path = "welcome.txt"] = process.argv.slice(2);

try {
  await using client = await FtpClient.connect({ host, port: Number(port), user: "anna", password });
  const size = await client.size(path, { signal: AbortSignal.timeout(10_000) });
  console.log(`${path} has ${size} bytes`);
} catch (error) {
  if (error instanceof FtpLoginError) console.log("wrong name or password");
  else if (error instanceof FtpNotFoundError) console.log(`there is no ${path}`);
  else if (error instanceof FtpConnectionError) console.log(`no connection: ${error.hint ?? error.message}`);
  else if (error instanceof FtpReplyError) console.log(`the server refused with ${error.reply.code}`);
  else if (error instanceof FtpError && error.retryable) console.log(`try again later: ${error.message}`);
  else throw error;
}
