// Draws the parts of a page that change again every ten seconds, as long as somebody can see them.

const PATIENCE_MS = 10_000;

async function refresh(part) {
  if (document.hidden || part.matches(":hover") || part.contains(document.activeElement)) return;
  const answer = await fetch(part.dataset.refresh, { headers: { "X-Refresh": "1" } });
  if (answer.status === 401) return location.reload(); // Signed out: the server says where to go.
  if (!answer.ok) throw new Error(`${answer.status}`);
  part.classList.remove("stale");
  const text = await answer.text();
  if (text === part.dataset.last) return;
  part.dataset.last = text;
  part.replaceChildren(document.createRange().createContextualFragment(text));
  part.dispatchEvent(new Event("refreshed", { bubbles: true }));
}

for (const part of document.querySelectorAll("[data-refresh]")) {
  setInterval(() => refresh(part).catch(() => part.classList.add("stale")), PATIENCE_MS);
}
