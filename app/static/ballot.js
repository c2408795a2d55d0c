// Keeps the order in which 想请 was tapped, in a hidden field and on the buttons. The page is complete without it.
"use strict";
(() => {
  const form = document.querySelector("form[data-ballot]");
  if (!form) return;
  // A page that comes back out of the browser's memory must not show somebody else's marks.
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  const hidden = form.elements.order;
  let order = hidden.value.split(",").filter(Boolean);
  const wanted = () => [...form.querySelectorAll("input[value=want]:checked")].map((input) => input.name.slice(5));
  const show = () => {
    const now = wanted();
    order = [...order.filter((id) => now.includes(id)), ...now.filter((id) => !order.includes(id))];
    hidden.value = order.join(",");
    for (const input of form.querySelectorAll("input[value=want]")) {
      const words = input.nextElementSibling;
      words.dataset.plain ??= words.textContent;
      const place = order.indexOf(input.name.slice(5));
      words.textContent = place < 0 ? words.dataset.plain : form.dataset.ballot.replace("#", place + 1);
    }
  };
  form.addEventListener("change", show);
  show();
})();
