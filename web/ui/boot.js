// @ts-check
/// <reference lib="dom" />
// A plain script in the head: it runs before the first paint, and before any module is evaluated.
{
  const stored = localStorage.getItem("horizon.theme");
  if (stored === "dark" || stored === "light") document.documentElement.dataset["theme"] = stored;

  // A browser started without a locale (LANG=C, as in containers) calls its language "en-US@posix", which is no
  // language tag; uPlot hands it to Intl as it is loaded, and would fail.
  try {
    new Intl.NumberFormat(navigator.language);
  } catch {
    Object.defineProperty(navigator, "language", { value: "en-US" });
  }
}
