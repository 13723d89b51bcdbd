// Slack's two ways of writing text, mrkdwn and rich text, as DOM nodes.
import { h } from "./dom.js";

const MARKS = new RegExp([
  "```([\\s\\S]+?)```", "`([^`\\n]+)`", "<([^<>\\n]+)>",
  "(?<![\\w*])\\*(?=\\S)([^*\\n]*[^*\\s])\\*(?![\\w*])",
  "(?<![\\w_])_(?=\\S)([^_\\n]*[^_\\s])_(?![\\w_])",
  "(?<![\\w~])~(?=\\S)([^~\\n]*[^~\\s])~(?![\\w~])",
].join("|"), "g");
const SAFE = /^(https?:|mailto:)/i;

const plain = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

/** A text object: `plain_text` as it is, `mrkdwn` with its marks. */
export function words(text, screen) {
  if (!text) return [];
  return text.type === "plain_text" ? lines(text.text) : mrkdwn(text.text, screen);
}

export function mrkdwn(text, screen) {
  const out = [];
  let quoted = [];
  const flush = () => {
    if (quoted.length) out.push(h("blockquote", {}, quoted.flatMap((each, n) => (n ? [h("br"), ...inline(each, screen)] : inline(each, screen)))));
    quoted = [];
  };
  let needsBreak = false;
  for (const part of text.split(/(```[\s\S]+?```)/)) {
    if (part.startsWith("```") && part.length > 6) {
      flush();
      out.push(h("pre", {}, plain(part.slice(3, -3).replace(/^\n/, ""))));
      needsBreak = false;
      continue;
    }
    for (const line of part.split("\n")) {
      const quote = /^(?:&gt;|>)\s?(.*)$/.exec(line);
      if (quote) { quoted.push(quote[1]); continue; }
      const afterQuote = quoted.length > 0;
      flush();
      if (needsBreak && !afterQuote) out.push(h("br"));
      out.push(...inline(line, screen));
      needsBreak = true;
    }
    needsBreak = false;
  }
  flush();
  return out;
}

function inline(text, screen) {
  const out = [];
  let at = 0;
  for (const found of text.matchAll(MARKS)) {
    if (found.index > at) out.push(plain(text.slice(at, found.index)));
    at = found.index + found[0].length;
    const [whole, block, code, angle, bold, italic, struck] = found;
    if (block ?? code) out.push(h("code", {}, plain(block ?? code)));
    else if (angle !== undefined) out.push(reference(angle, whole, screen));
    else if (bold !== undefined) out.push(h("strong", {}, inline(bold, screen)));
    else if (italic !== undefined) out.push(h("em", {}, inline(italic, screen)));
    else out.push(h("s", {}, inline(struck, screen)));
  }
  if (at < text.length) out.push(plain(text.slice(at)));
  return out;
}

function reference(inside, whole, screen) {
  const [target, label] = inside.split("|");
  if (target.startsWith("@")) return mention(`@${nameOf(target.slice(1), screen)}`);
  if (target.startsWith("#")) return mention(`#${channelName(target.slice(1), screen)}`);
  if (target.startsWith("!date^")) return moment(target.split("^"), plain(label ?? ""));
  if (target.startsWith("!")) return mention(`@${label ?? target.slice(1).split("^")[0]}`);
  return SAFE.test(plain(target)) ? link(plain(target), plain(label ?? target)) : plain(whole);
}

/** A time in the reader's own zone, as Slack draws it: "today", "yesterday" and "tomorrow" by name. A format it does not know: the words behind it. */
function moment([, seconds, format], instead) {
  if (format !== "{date_short_pretty} {time}") return instead;
  const at = new Date(Number(seconds) * 1000);
  const midnight = (time) => new Date(time.getFullYear(), time.getMonth(), time.getDate());
  const days = Math.round((midnight(at) - midnight(new Date())) / 86_400_000);
  const day = { "-1": "yesterday", 0: "today", 1: "tomorrow" }[days]
    ?? at.toLocaleDateString("en-US", { month: "short", day: "numeric", year: "numeric" });
  return `${day} ${at.toLocaleTimeString("en-US", { hour: "numeric", minute: "2-digit" })}`;
}

const mention = (text) => h("span", { class: "mention" }, text);
const link = (url, text) => h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, text);

export function nameOf(id, screen) {
  return screen.users.find((each) => each.id === id)?.real_name ?? (id === "USLACKBOT" ? "Workspace" : id);
}

export function channelName(id, screen) {
  const channel = screen.channels.find((each) => each.id === id);
  if (!channel) return id;
  if (channel.name) return channel.name;
  const other = channel.members.find((each) => each !== screen.user.id) ?? screen.user.id;
  return nameOf(other, screen);
}

export function richText(elements, screen) {
  return elements.map((each) => {
    switch (each.type) {
      case "rich_text_quote": return h("blockquote", {}, pieces(each.elements, screen));
      case "rich_text_preformatted": return h("pre", {}, pieces(each.elements, screen));
      case "rich_text_list":
        return h(each.style === "ordered" ? "ol" : "ul", {}, each.elements.map((one) => h("li", {}, pieces(one.elements, screen))));
      default: return h("p", {}, pieces(each.elements, screen));
    }
  });
}

function pieces(elements, screen) {
  return elements.flatMap((each) => {
    switch (each.type) {
      case "link": return SAFE.test(each.url) ? [link(each.url, each.text ?? each.url)] : [each.text ?? each.url];
      case "user": return [mention(`@${nameOf(each.user_id, screen)}`)];
      case "channel": return [mention(`#${channelName(each.channel_id, screen)}`)];
      case "broadcast": return [mention(`@${each.range}`)];
      case "emoji": return [each.unicode ? String.fromCodePoint(...each.unicode.split("-").map((code) => parseInt(code, 16))) : `:${each.name}:`];
      default: return styled(each.text ?? "", each.style ?? {});
    }
  });
}

function styled(text, style) {
  let nodes = lines(text);
  if (style.code) nodes = [h("code", {}, nodes)];
  if (style.bold) nodes = [h("strong", {}, nodes)];
  if (style.italic) nodes = [h("em", {}, nodes)];
  if (style.strike) nodes = [h("s", {}, nodes)];
  return nodes;
}

function lines(text) {
  return text.split("\n").flatMap((line, n) => (n ? [h("br"), line] : [line]));
}
