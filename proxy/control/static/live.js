// Keeps the figures of a page fresh. A table in which somebody has a form open is left alone.
"use strict";

const EVERY_MS = 2000;

function busy(live) {
  return document.hidden || live.querySelector("details[open]") || live.contains(document.activeElement);
}

const stale = document.createElement("p");
stale.className = "notice";
stale.setAttribute("role", "status");

// Figures that are no longer fresh must not look as if they were.
function isStale(live) {
  if (stale.isConnected) return;
  const time = new Date().toLocaleTimeString();
  stale.textContent = `Not fresh since ${time}: the control plane does not answer, or asks you to sign in again.`;
  live.before(stale);
}

async function refresh(live) {
  const answer = await fetch(location.pathname + location.search, { redirect: "error" });
  if (!answer.ok) throw new Error(answer.statusText);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById(live.id);
  stale.remove();
  if (fresh && !busy(live)) live.replaceChildren(...fresh.childNodes);
}

const live = document.querySelector("[data-live]");
// A page that a form answered with is not asked for again: that would be another address.
if (live && document.querySelector("main > .notice") === null) {
  setInterval(() => busy(live) || refresh(live).catch(() => isStale(live)), EVERY_MS);
}
