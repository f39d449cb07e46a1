// Runs before the first paint, as a file because the content security policy forbids inline scripts:
// a chosen theme must not flash in the other one. `src/lib/preferences.ts` writes what is read here.
;(function () {
  try {
    var chosen = localStorage.getItem('nb.theme')
    if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen
  } catch (_) {
    // storage is blocked: the system's theme it is
  }
})()
