/* Dashboards: copy buttons, theme switch, requests of htmx.

   data-copy="#id"            copies the text or value of that element; the button then says its
                              data-copied text for two seconds and announces it.
   data-theme-choice="dark"   button that stores light, dark or auto.
   data-print                 button that prints; shown only when scripts run.
   data-needs-script          any part that is sent hidden and shown here.
*/
(function () {
  "use strict";
  const year = 60 * 60 * 24 * 365;

  function announce(text) {
    const region = document.getElementById("live-region");
    if (region) region.textContent = text;
  }

  async function copy(button) {
    const source = document.querySelector(button.dataset.copy);
    if (!source) return;
    await navigator.clipboard.writeText("value" in source ? source.value : source.textContent.trim());
    const label = button.textContent;
    button.textContent = button.dataset.copied;
    announce(button.dataset.copied);
    setTimeout(() => { button.textContent = label; }, 2000);
  }

  function showTheme() {
    const found = document.cookie.match(/(?:^|; )theme=(\w+)/);
    const chosen = found ? found[1] : "auto";
    document.querySelectorAll("[data-theme-choice]").forEach((button) => {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === chosen));
    });
  }

  function choose(button) {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `theme=${button.dataset.themeChoice}; Path=/; Max-Age=${year}; SameSite=Lax${secure}`;
    document.dispatchEvent(new Event("portal:theme"));
    showTheme();
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy], [data-theme-choice], [data-print]");
    if (!button) return;
    if (button.dataset.copy) copy(button);
    else if (button.dataset.themeChoice) choose(button);
    else window.print();
  });

  document.addEventListener("htmx:configRequest", (event) => {
    const token = document.querySelector("meta[name=csrf-token]");
    if (token) event.detail.headers["X-CSRFToken"] = token.content;
  });

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-print], [data-needs-script]").forEach((part) => { part.hidden = false; });
    showTheme();
  });
})();
