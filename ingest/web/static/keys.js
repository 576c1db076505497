// Keys for those who want them; every page works without this file.
// [data-row] is what j and k walk over, [data-key="x"] is pressed by x, g starts a jump.
"use strict";

const jumps = {
  a: "/articles", c: "/clusters", d: "/documents", f: "/feeds", l: "/audit", m: "/models", o: "/", q: "/doubtful", s: "/sites",
};
let jumping = 0;

const rows = () => [...document.querySelectorAll("[data-row]")].filter((row) => row.getClientRects().length > 0);

function move(step) {
  const all = rows();
  if (all.length === 0) return;
  const now = all.findIndex((row) => row.classList.contains("here"));
  const next = Math.min(all.length - 1, Math.max(0, now === -1 ? (step > 0 ? 0 : all.length - 1) : now + step));
  if (now !== -1) all[now].classList.remove("here");
  const row = all[next];
  row.classList.add("here");
  const link = row.matches("a, [tabindex]") ? row : row.querySelector("h2 a, td.title a, a, button");
  (link || row).focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const at = event.target;
  if (at instanceof HTMLElement && at.closest("input, select, textarea, [contenteditable]")) {
    if (event.key === "Escape") at.blur();
    return;
  }
  const help = document.getElementById("keys");
  if (help && help.open) return;
  if (jumping && Date.now() - jumping < 1500 && jumps[event.key]) {
    event.preventDefault();
    window.location.assign(jumps[event.key]);
    return;
  }
  jumping = event.key === "g" ? Date.now() : 0;
  if (event.key === "j") move(1);
  else if (event.key === "k") move(-1);
  else if (event.key === "?" && help) help.showModal();
  else if (event.key === "/") {
    const search = document.querySelector("[data-search]");
    if (!search) return;
    search.focus();
    search.select();
  } else {
    const scope = document.querySelector("[data-row].here");
    const name = `[data-key="${CSS.escape(event.key)}"]`;
    // what belongs to a row is pressed on that row only: a key in the wrong place must decide nothing
    const free = [...document.querySelectorAll(name)].find((button) => !button.closest("[data-row]"));
    const target = (scope && scope.querySelector(name)) || free;
    if (!target) return;
    target.click();
  }
  event.preventDefault();
});
