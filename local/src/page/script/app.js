// The page itself: the door, the list of conversations, and the conversation that is open.

const $ = (id) => document.getElementById(id);
const state = { conversation: null, cursor: null, listCursor: null, newest: null, turn: null };

// ---- Messages

function show(message) {
  const article = make("article", { class: message.role, "data-id": message.id });
  article.setAttribute("aria-label", message.role === "user" ? "You" : "Hearth");
  article.text = textOf(message.content);
  paint(article, message.role);
  footnote(article, message);
  return article;
}

function paint(article, role = "assistant") {
  let body = article.querySelector(":scope > div");
  if (!body) article.append((body = make("div")));
  body.replaceChildren(...(role === "user" ? [article.text] : markdown(article.text)));
}

function footnote(article, message) {
  article.querySelector(":scope > footer")?.remove();
  const states = { interrupted: "Interrupted", cancelled: "Stopped", failed: message.problem?.detail || "This answer failed." };
  const parts = [states[message.status], message.role === "assistant" && message.decision?.model];
  if (message.sensitivity === "private" && message.role === "user") parts.push("Private");
  const text = parts.filter(Boolean).join(" · ");
  if (text) article.append(make("footer", message.status === "failed" ? { class: "problem" } : {}, text));
}

const nearEnd = () => $("scroll").scrollHeight - $("scroll").scrollTop - $("scroll").clientHeight < 80;
const toEnd = () => ($("scroll").scrollTop = $("scroll").scrollHeight);

function append(article) {
  $("empty").hidden = true;
  $("messages").append(article);
  toEnd();
  return article;
}

// ---- A turn

async function run(turn, open) {
  const article = append(show({ id: turn, role: "assistant", content: "", status: "pending" }));
  const stop = new AbortController();
  state.turn = { id: turn, stop };
  busy(true);
  article.classList.add("waiting");
  let drawing = false;
  const draw = () => {
    drawing = false;
    const follows = nearEnd();
    paint(article);
    if (follows) toEnd();
  };
  const here = () => state.turn?.id === turn;
  try {
    await follow(turn, open, stop.signal, ({ name, data }) => {
      if (name === "message.delta") {
        article.text += data.text;
        if (!drawing) drawing = requestAnimationFrame(draw);
      } else if (name === "message.completed") {
        article.text = textOf(data.message.content);
        state.newest = here() ? data.message.id : state.newest;
        paint(article);
        footnote(article, data.message);
      } else if (name === "turn.failed") {
        footnote(article, { role: "assistant", status: "failed", problem: data.problem });
      }
    });
  } catch (error) {
    if (!stop.signal.aborted) {
      if (!article.text) article.remove();
      trouble(error);
    }
  } finally {
    article.classList.remove("waiting");
    if (here()) {
      state.turn = null;
      busy(false);
      if (nearEnd()) toEnd();
    }
  }
}

async function send() {
  const content = $("question").value.trim();
  if (!content || state.turn) return;
  $("problem").textContent = "";
  const sensitivity = $("private").checked ? "private" : "normal";
  try {
    if (!state.conversation) {
      const title = beginning(content);
      state.conversation = await json("POST", "/v1/conversations", { id: uuid7(), title, sensitivity });
      await list();
      entitle();
    }
  } catch (error) {
    return trouble(error);
  }
  $("question").value = "";
  grow();
  const [id, message_id] = [uuid7(), uuid7()];
  append(show({ id: message_id, role: "user", content, sensitivity }));
  const path = `/v1/conversations/${state.conversation.id}/messages`;
  const body = { id, message_id, content, ...(sensitivity === "private" && { sensitivity }) };
  await run(id, () => call("POST", path, body, { accept: "text/event-stream" }, state.turn?.stop.signal));
  list().catch(() => {});
}

// The first line, cut at a word to what the list can show.
function beginning(text) {
  const line = text.split("\n")[0].trim();
  return line.length <= 60 ? line : `${line.slice(0, 59).replace(/\s+\S*$/, "")}…`;
}

async function stop() {
  if (state.turn) await json("POST", `/v1/turns/${state.turn.id}/cancel`).catch(trouble);
}

function busy(yes) {
  $("send").textContent = yes ? "Stop" : "Send";
  $("messages").setAttribute("aria-busy", yes);
}

function trouble(error) {
  if (error.status === 401) {
    session.forget();
    return door(error.message);
  }
  const away = error instanceof TypeError ? "Hearth does not answer. Is ./hearth up still running?" : error.message;
  $("problem").textContent = away;
}

// ---- Conversations

async function list(older = false) {
  const cursor = older && state.listCursor ? `&cursor=${encodeURIComponent(state.listCursor)}` : "";
  const page = await json("GET", `/v1/conversations?limit=50${cursor}`);
  const items = page.data.map((conversation) => {
    const button = make("button", { type: "button", "data-id": conversation.id }, conversation.title || "Untitled");
    if (conversation.id === state.conversation?.id) button.setAttribute("aria-current", "true");
    button.addEventListener("click", () => open(conversation).catch(trouble));
    return make("li", {}, button);
  });
  if (older) $("conversations").append(...items);
  else $("conversations").replaceChildren(...items);
  state.listCursor = page.next_cursor;
  $("more-conversations").hidden = !page.next_cursor;
}

async function open(conversation) {
  // The answer goes on without its listener, and is there when one comes back.
  state.turn?.stop.abort();
  Object.assign(state, { conversation, cursor: null, turn: null });
  busy(false);
  $("problem").textContent = "";
  $("messages").replaceChildren();
  $("empty").hidden = Boolean(conversation);
  entitle();
  side(false);
  if (conversation) await earlier();
  $("question").focus();
}

async function earlier() {
  const { conversation } = state;
  const cursor = state.cursor ? `&cursor=${encodeURIComponent(state.cursor)}` : "";
  const page = await json("GET", `/v1/conversations/${conversation.id}/messages?limit=100${cursor}`);
  if (conversation !== state.conversation) return;
  const first = !state.cursor;
  const before = $("scroll").scrollHeight;
  const pending = first && page.data.find((message) => ["pending", "streaming"].includes(message.status));
  $("messages").prepend(...page.data.filter((message) => message !== pending && message.role !== "system").map(show));
  state.cursor = page.next_cursor;
  $("older").hidden = !page.next_cursor;
  if (first) toEnd();
  else $("scroll").scrollTop += $("scroll").scrollHeight - before;
  if (pending) run(pending.id);
}

function entitle() {
  $("title").textContent = state.conversation?.title || "New conversation";
  $("delete").hidden = !state.conversation;
  $("older").hidden = !state.cursor;
  $("private").checked = state.conversation?.sensitivity === "private";
  $("private").disabled = state.conversation?.sensitivity === "private";
  for (const button of $("conversations").querySelectorAll("button")) {
    if (button.dataset.id === state.conversation?.id) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
}

async function remove() {
  if (!state.conversation || !confirm("Delete this conversation? Its messages can't be brought back.")) return;
  await json("DELETE", `/v1/conversations/${state.conversation.id}`);
  await open(null);
  await list();
}

// ---- The door

function door(problem = "") {
  $("house").hidden = true;
  $("door").hidden = false;
  $("door-problem").textContent = problem;
  $("email").focus();
}

async function enter() {
  $("door").hidden = true;
  $("house").hidden = false;
  $("who").textContent = session.stored?.email || "";
  await open(null);
  await list();
}

function side(yes) {
  $("house").classList.toggle("side-open", yes);
  $("open-side").setAttribute("aria-expanded", yes);
}

function grow() {
  $("question").style.height = "auto";
  $("question").style.height = `${$("question").scrollHeight}px`;
}

let creating = false;
$("other-way").addEventListener("click", () => {
  creating = !creating;
  $("enter").textContent = creating ? "Create account" : "Sign in";
  $("other-way").textContent = creating ? "I have an account" : "Create an account instead";
  $("password").autocomplete = creating ? "new-password" : "current-password";
});
$("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  $("enter").disabled = true;
  try {
    await session[creating ? "create" : "enter"]($("email").value.trim(), $("password").value);
    $("password").value = "";
    await enter();
  } catch (error) {
    door(error.message);
  } finally {
    $("enter").disabled = false;
  }
});
$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  if (state.turn) stop();
  else send();
});
$("question").addEventListener("keydown", (event) => {
  // While an input method composes, Enter chooses a word.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  if (!state.turn) send();
});
$("question").addEventListener("input", grow);
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if ($("house").classList.contains("side-open")) side(false);
  else stop();
});
$("new").addEventListener("click", () => open(null).catch(trouble));
$("delete").addEventListener("click", () => remove().catch(trouble));
$("older").addEventListener("click", () => earlier().catch(trouble));
$("more-conversations").addEventListener("click", () => list(true).catch(trouble));
$("open-side").addEventListener("click", () => side(true));
$("close-side").addEventListener("click", () => side(false));
$("scroll").addEventListener("click", () => side(false));
$("sign-out").addEventListener("click", () => session.leave().then(() => door()));

if (session.stored) enter().catch(trouble);
else door();
