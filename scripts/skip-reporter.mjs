/** A reporter for node:test that writes down what was skipped or left to do, and why. */
export default async function* skipReporter(events) {
  for await (const { type, data } of events) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    const reason = data.skip ?? data.todo;
    if (reason === undefined || reason === false) continue;
    yield `  ${data.name}: ${reason === true ? "no reason given" : reason}\n`;
  }
}
