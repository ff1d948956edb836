// Sets the theme before the first paint; a page with this policy has no inline script.
(() => {
  let wish = "system";
  try {
    wish = localStorage.getItem("theme") ?? "system";
  } catch {
    // Storage may be closed to us; the system's theme will do.
  }
  const dark =
    wish === "dark" || (wish === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
