// Shared by all pages: menus that close, filters that apply on change, drop zones, the drawer. Every page works without it.
"use strict";
// On a narrow screen the menu is a row that scrolls. Not scrollIntoView: it would move the Tab position past the skip link.
for (const here of document.querySelectorAll(".side [aria-current]")) {
  const menu = here.closest("nav"), by = here.getBoundingClientRect(), of = menu.getBoundingClientRect();
  menu.scrollLeft += by.left + by.width / 2 - of.left - of.width / 2;
}
let isOut = false;
// A signed-out user sees one notice; the page then sends no more requests by itself.
function signedOut() {
  if (isOut) return;
  isOut = true;
  const note = document.createElement("p"), link = document.createElement("a");
  note.className = "note bad";
  note.setAttribute("role", "alert");
  link.href = `/sign-in?to=${encodeURIComponent(location.pathname + location.search)}`;
  link.textContent = "Sign in again";
  note.append("You are signed out, so this page no longer updates. ", link, " to return to it.");
  document.querySelector("main > .top").after(note);
}
document.addEventListener("htmx:responseError", (event) => { if (event.detail.xhr.status === 401) signedOut(); });
// A part that refreshes itself does not while the keyboard focus is inside it.
document.addEventListener("htmx:beforeRequest", (event) => {
  const { elt } = event.detail;
  const renews = elt.getAttribute("hx-trigger")?.startsWith("every");
  if (isOut || (renews && elt.querySelector(":focus-visible"))) event.preventDefault();
});
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details.confirm[open]")) if (!open.contains(event.target)) open.open = false;
  if (event.target.closest("[data-close]")) { event.preventDefault(); closeDrawer(); }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const open of document.querySelectorAll("details.confirm[open]")) { open.open = false; open.querySelector("summary").focus(); }
  closeDrawer();
});
document.addEventListener("toggle", ({ target }) => {
  if (!target.open || !target.matches("details.confirm")) return;
  for (const open of document.querySelectorAll("details.confirm[open]")) if (open !== target) open.open = false;
}, true);
let opener = null;
function closeDrawer() {
  const drawer = document.querySelector(".drawer:not(:empty)");
  if (!drawer) return;
  drawer.replaceChildren();
  opener?.focus();
}
document.addEventListener("htmx:beforeRequest", (event) => { if (event.target.closest("[data-drawer]")) opener = event.target; });
document.addEventListener("htmx:afterSwap", (event) => {
  if (!event.target.classList?.contains("drawer")) return;
  const head = event.target.querySelector("h2");
  if (head) { head.tabIndex = -1; head.focus(); }
});
for (const each of document.querySelectorAll("form.filters select")) each.addEventListener("change", () => each.form.requestSubmit());
for (const zone of document.querySelectorAll(".drop")) {
  const input = zone.querySelector("input[type=file]");
  zone.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("over"); });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    if (event.dataTransfer.files.length) { input.files = event.dataTransfer.files; input.focus(); }
  });
}
