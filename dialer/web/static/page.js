// What every page shares: menus that close, filters that apply themselves, drop zones, the drawer. No page needs it.
"use strict";
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details.confirm[open]")) if (!open.contains(event.target)) open.open = false;
  if (event.target.closest("[data-close]")) { event.preventDefault(); closeDrawer(); }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const open of document.querySelectorAll("details.confirm[open]")) { open.open = false; open.querySelector("summary").focus(); }
  closeDrawer();
});
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
    if (event.dataTransfer.files.length) input.files = event.dataTransfer.files;
  });
}
