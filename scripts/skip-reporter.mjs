/** A reporter for node:test that writes down what was skipped or left to do, and why. */

/** A conformance suite that skips what its subject does not offer has tested all that there is to test. */
const NOTHING_TO_TEST = /^the (?:storage|store) lacks: /;

export default async function* skipReporter(events) {
  for await (const { type, data } of events) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    const reason = data.skip ?? data.todo;
    if (reason === undefined || reason === false || NOTHING_TO_TEST.test(String(reason))) continue;
    yield `  ${data.name}: ${reason === true || reason === "" ? "no reason given" : reason}\n`;
  }
}
