// Single-key shortcuts of the review pages. Everything they do can be done without them.
"use strict";

const KEYS_OFF = "penstock-keys-off";
let current = -1;

const rows = () => Array.from(document.querySelectorAll("[data-row]"));

function move(step) {
  const all = rows();
  if (!all.length) return;
  current = Math.min(Math.max(current + step, 0), all.length - 1);
  all.forEach((row, i) => row.classList.toggle("current", i === current));
  all[current].querySelector("a").focus();
}

function follow(selector) {
  const link = document.querySelector(selector);
  if (link) link.click();
}

function cameFromList() {
  if (!document.referrer) return false;
  const from = new URL(document.referrer);
  return from.origin === location.origin && from.pathname === "/review";
}

function toggleSheet() {
  const sheet = document.getElementById("sheet");
  if (!sheet) return;
  if (sheet.open) sheet.close();
  else sheet.showModal();
}

const actions = {
  j: () => move(1),
  k: () => move(-1),
  u: () => follow("[data-back]"),
  t: () => follow("[data-try]"),
  "/": () => document.getElementById("text")?.focus(),
  "?": toggleSheet,
};

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea, [contenteditable]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (localStorage.getItem(KEYS_OFF)) return;
  const action = actions[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.target.closest("form[data-submit-with-keys]")?.requestSubmit();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-sheet]")) toggleSheet();
  if (event.target.closest("[data-back]") && cameFromList()) {
    event.preventDefault(); // to the list as it was, search and page and all
    // A tab that was opened from the list has nothing to go back to.
    if (window.navigation?.canGoBack ?? history.length > 1) history.back();
    else location.assign(document.referrer);
  }
  const row = event.target.closest("[data-row]");
  if (row && !event.target.closest("a") && !getSelection().toString()) row.querySelector("a").click();
});

function showProblem() {
  const problem = document.createElement("p");
  problem.className = "problem";
  problem.setAttribute("role", "alert");
  problem.textContent = "The server did not answer. Try again.";
  document.getElementById("results")?.replaceChildren(problem);
}

document.addEventListener("htmx:configRequest", (event) => {
  const asked = event.detail.formData;
  for (const [name, value] of [...asked]) if (!value) asked.delete(name); // no clutter in URLs
});

document.addEventListener("htmx:beforeSwap", (event) => {
  // Errors from before the pages, such as a server with too much to do, are JSON.
  const kind = event.detail.xhr.getResponseHeader("content-type") ?? "";
  if (kind.startsWith("text/html")) return;
  event.detail.shouldSwap = false;
  showProblem();
});
for (const name of ["htmx:sendError", "htmx:timeout"]) document.addEventListener(name, showProblem);

document.addEventListener("htmx:afterSwap", () => { current = -1; });

document.addEventListener("DOMContentLoaded", () => {
  const box = document.getElementById("keys-on");
  if (!box) return;
  box.checked = !localStorage.getItem(KEYS_OFF);
  box.addEventListener("change", () => {
    if (box.checked) localStorage.removeItem(KEYS_OFF);
    else localStorage.setItem(KEYS_OFF, "1");
  });
});
