// The text test of a script: shows errors and puts the focus into the next message. The page works without it.
"use strict";
const trouble = document.getElementById("trouble");
function tell(says) {
  trouble.textContent = says;
  trouble.hidden = !says;
}
document.addEventListener("htmx:beforeRequest", () => tell(""));
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  if (xhr.status < 400) return;
  if (xhr.responseText.includes('id="trial"')) Object.assign(event.detail, { shouldSwap: true, isError: false });
  else tell(xhr.status === 429 ? "Too many requests. Wait a few minutes; the conversation is still here." : `Something went wrong (${xhr.status}). The conversation is still here: send your message again.`);
});
document.addEventListener("htmx:sendError", () => tell("The dialer cannot be reached. The conversation is still here: send your message again."));
document.addEventListener("htmx:afterSettle", () => {
  const said = [...document.querySelectorAll("#talk li[data-who=AVA]")].at(-1);
  document.getElementById("heard").textContent = said ? `AVA: ${said.textContent}` : "";
  (document.getElementById("words") ?? document.querySelector("#trial h2"))?.focus();
  said?.scrollIntoView({ block: "nearest" });
});
