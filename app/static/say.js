// Reads the cards aloud where the browser has a Chinese voice; elsewhere its button stays hidden.
"use strict";
(() => {
  const button = document.getElementById("say"), speech = window.speechSynthesis;
  if (!button || !speech) return;
  const voice = () => speech.getVoices().find((each) => /^(zh|cmn)/i.test(each.lang));
  const show = () => { button.hidden = !voice(); };
  let on = false;
  const stop = () => { on = false; speech.cancel(); button.setAttribute("aria-pressed", "false"); button.textContent = button.dataset.say; };
  const speak = (words, card, done) => {
    const told = new SpeechSynthesisUtterance(words);
    told.voice = voice(); told.lang = told.voice.lang; told.rate = 0.85;
    told.onend = () => { card?.classList.remove("spoken"); if (on && done) done(); };
    card?.classList.add("spoken"); card?.scrollIntoView({ block: "center" });
    speech.speak(told);
  };
  const cards = [...document.querySelectorAll("fieldset.card")];
  const words = (card) => [...card.querySelectorAll("h2, .pill, p")].map((each) => each.textContent.trim()).join(",");
  const from = (place) => place < cards.length ? speak(words(cards[place]), cards[place], () => from(place + 1)) : stop();
  button.addEventListener("click", () => {
    if (on) { stop(); return; }
    on = true; button.setAttribute("aria-pressed", "true"); button.textContent = button.dataset.stop;
    from(0);
  });
  // Whoever has begun to mark hears what was marked.
  document.addEventListener("change", (event) => {
    const mark = event.target.closest(".marks input");
    if (!mark || button.hidden || !button.dataset.used) return;
    speech.cancel();
    speak(`${mark.closest("fieldset").querySelector("h2").textContent},${mark.nextElementSibling.textContent}`);
  });
  button.addEventListener("click", () => { button.dataset.used = "1"; });
  window.addEventListener("pagehide", () => speech.cancel());
  speech.addEventListener?.("voiceschanged", show);
  show();
})();
