// The events of a turn, taken up again from the last one seen where the connection breaks.

const TRIES = 6;

// Server-sent events out of a byte stream; only what ends with an empty line counts.
async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    // A CR at the end may be half of a line break: wait for what follows.
    text += value;
    const hold = text.endsWith("\r") ? 1 : 0;
    const blocks = text.slice(0, text.length - hold).replace(/\r\n?/g, "\n").split("\n\n");
    text = blocks.pop() + text.slice(text.length - hold);
    for (const block of blocks) {
      const event = { name: "message", data: [], id: undefined };
      for (const line of block.split("\n")) {
        const [, field, content] = line.match(/^([^:]+)(?:: ?(.*))?$/s) || [];
        if (field === "event") event.name = content;
        else if (field === "data") event.data.push(content ?? "");
        else if (field === "id") event.id = content;
      }
      if (event.data.length) yield { ...event, data: JSON.parse(event.data.join("\n")) };
    }
  }
}

// Follows a turn to its end and hands every event to `heard`. `open` makes the first request; without it the turn is
// followed from its beginning.
async function follow(turn, open, signal, heard) {
  let last;
  let failures = 0;
  const resume = () => call("GET", `/v1/turns/${turn}/events`, undefined, last ? { "last-event-id": last } : {}, signal);
  let next = open || resume;
  for (;;) {
    try {
      const response = await next();
      for await (const event of events(response)) {
        failures = 0;
        last = event.id || last;
        heard(event);
        if (event.name === "message.completed" || event.name === "turn.failed") return;
      }
      if (++failures > TRIES) throw new Error("The connection keeps breaking. Reload the page to go on.");
    } catch (error) {
      if (signal?.aborted || (error instanceof Problem && error.status < 500) || ++failures > TRIES) throw error;
    }
    // A request that never arrived is made again, with the same ids: it has the effect of one.
    if (last) next = resume;
    await new Promise((done) => setTimeout(done, 200 * 2 ** failures));
  }
}
