/* Choose light or dark before the first paint. Loaded without defer, so that no page flashes.
   The cookie "theme" holds light, dark or auto; auto and no cookie follow the operating system. */
(function () {
  "use strict";
  var system = window.matchMedia("(prefers-color-scheme: dark)");
  function apply() {
    var found = document.cookie.match(/(?:^|; )theme=(light|dark)/);
    var theme = found ? found[1] : system.matches ? "dark" : "light";
    document.documentElement.setAttribute("data-bs-theme", theme);
  }
  apply();
  system.addEventListener("change", apply);
  document.addEventListener("portal:theme", apply);
})();
