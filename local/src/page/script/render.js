// A model's Markdown, the part of it that models use, as DOM nodes. Text only ever enters as text: no innerHTML.

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") node.className = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

// `code`, **bold**, *italic* and [links](https://…); whatever else stays as it is written.
function inline(text) {
  const nodes = [];
  const pattern = /`([^`\n]+)`|\*\*([^*\n]+)\*\*|\*([^*\s][^*\n]*)\*|\[([^\]\n]+)\]\((https?:\/\/[^\s)]+)\)/g;
  let at = 0;
  for (const match of text.matchAll(pattern)) {
    nodes.push(text.slice(at, match.index));
    const [whole, code, bold, italic, label, address] = match;
    if (code) nodes.push(make("code", {}, code));
    else if (bold) nodes.push(make("strong", {}, bold));
    else if (italic) nodes.push(make("em", {}, italic));
    else nodes.push(make("a", { href: address, rel: "noopener noreferrer nofollow", target: "_blank" }, label));
    at = match.index + whole.length;
  }
  nodes.push(text.slice(at));
  return nodes;
}

function codeBlock(text) {
  const copy = make("button", { type: "button", "aria-label": "Copy this code" }, "Copy");
  copy.addEventListener("click", async () => {
    await navigator.clipboard?.writeText(text);
    copy.textContent = "Copied";
    setTimeout(() => (copy.textContent = "Copy"), 1500);
  });
  return make("div", { class: "code" }, make("pre", { tabindex: "0" }, make("code", {}, text)), copy);
}

function block(lines) {
  const item = /^\s*(?:[-*+]|\d+[.)])\s+/;
  if (lines.every((line) => item.test(line))) {
    const first = lines[0].match(/^\s*(\d+)/);
    const list = first ? make("ol", { start: first[1] }) : make("ul");
    list.append(...lines.map((line) => make("li", {}, ...inline(line.replace(item, "")))));
    return list;
  }
  const heading = lines.length === 1 && lines[0].match(/^#{1,6}\s+(.*)/);
  if (heading) return make("h3", {}, ...inline(heading[1]));
  const paragraph = make("p");
  lines.forEach((line, number) => paragraph.append(...(number ? [make("br")] : []), ...inline(line)));
  return paragraph;
}

function markdown(text) {
  const nodes = [];
  let lines = [];
  let fence = null;
  const flush = () => {
    if (lines.length) nodes.push(block(lines));
    lines = [];
  };
  const item = /^\s*(?:[-*+]|\d+[.)])\s+/;
  for (const line of text.split("\n")) {
    if (fence) {
      if (line.trimStart().startsWith("```")) {
        nodes.push(codeBlock(fence.join("\n")));
        fence = null;
      } else fence.push(line);
    } else if (line.trimStart().startsWith("```")) {
      flush();
      fence = [];
    } else if (!line.trim()) flush();
    else {
      // A list or a heading may follow a line of text directly.
      if (/^#{1,6}\s/.test(line) || (lines.length && item.test(line) !== item.test(lines[0]))) flush();
      lines.push(line);
      if (/^#{1,6}\s/.test(line)) flush();
    }
  }
  flush();
  if (fence) nodes.push(codeBlock(fence.join("\n")));
  return nodes;
}

function textOf(content) {
  if (typeof content === "string") return content;
  return (content || []).map((part) => part.text || `[${part.type}]`).join("\n");
}
