// The services behind the bot: who each is, its switch, and what it would put on its invoice, whatever the bot says.
import { $, h, reconcile } from "./dom.js";
import { filmOf } from "./messages.js";

const ALL_WELL = "All of them work. Break one, send the command, and see what people are told.";

/** Offered once the first video is there. `breakIt(service, position)` turns a switch. */
export function drawBench({ services, positions, screen }, breakIt) {
  const broken = services.filter((each) => each.position !== "normal");
  const hasFilm = (channel) => channel.messages.some((each) => each.user === screen.app.user && filmOf(each));
  $("bench").hidden = broken.length === 0 && !screen.channels.some(hasFilm);
  if ($("bench").hidden) return;
  const choice = ({ name, label, says }) => h("li", {},
    h("label", {}, h("strong", {}, label),
      h("span", { class: "pick" }, h("select", { "data-focus": name, onchange: (event) => breakIt(name, event.target.value) },
        positions.map((each) => h("option", { value: each.position }, each.name))))),
    h("p", {}, says), h("p", { class: "bill" }));
  // What changes is written into the drawn cards: a list under somebody's hand must not be replaced by another one.
  reconcile($("switches"), services.map(({ name, label, says }) => ({ name, label, says })), { key: (each) => each.name, draw: choice });
  for (const each of services) {
    const card = $("switches").querySelector(`[data-key="${each.name}"]`);
    card.className = `service ${each.position}`;
    card.querySelector("select").value = each.position;
    card.querySelector(".bill").textContent = billOf(each);
  }
  $("mend").hidden = broken.length === 0;
  const told = broken.map((each) => `${each.label} ${positions.find((one) => one.position === each.position).says}`);
  const says = told.join(" ") || ALL_WELL;
  if ($("switch-says").textContent !== says) $("switch-says").textContent = says;
}

function billOf({ taken, bill }) {
  if (!taken) return "Nothing ordered yet";
  return `${taken === 1 ? "1 order" : `${taken} orders`}, ${bill ? `its bill ${bill}` : "no bill"}`;
}

export function workBench(mend) {
  $("mend").addEventListener("click", async () => { await mend(); $("switches").querySelector("select")?.focus(); });
  $("bench-fold").addEventListener("click", () => {
    const folded = $("bench").classList.toggle("folded");
    $("bench-fold").setAttribute("aria-expanded", String(!folded));
  });
}
