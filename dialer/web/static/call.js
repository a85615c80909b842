// The player of a call: highlights the current line, seeks on click, plays one channel alone.
"use strict";
const player = document.getElementById("player");
if (player) {
  const lines = [...document.querySelectorAll("#transcript li[data-ms]")];
  player.addEventListener("timeupdate", () => {
    const ms = player.currentTime * 1000;
    const now = lines.filter((line) => Number(line.dataset.ms) <= ms).at(-1);
    for (const line of lines) line.toggleAttribute("data-now", line === now && !player.paused);
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-seek]");
    if (!link) return;
    player.currentTime = Number(link.dataset.seek) / 1000;
    player.play();
  });
  const tracks = document.getElementById("tracks");
  tracks.hidden = false;
  let sides = null;
  tracks.addEventListener("change", (event) => {
    if (!sides) {
      const audio = new AudioContext();
      const splitter = audio.createChannelSplitter(2);
      sides = { audio, splitter };
      audio.createMediaElementSource(player).connect(splitter);
    }
    const { audio, splitter } = sides;
    splitter.disconnect();
    const merger = audio.createChannelMerger(2);
    const one = event.target.value;
    if (one === "both") { splitter.connect(merger, 0, 0); splitter.connect(merger, 1, 1); }
    else { splitter.connect(merger, Number(one), 0); splitter.connect(merger, Number(one), 1); }
    merger.connect(audio.destination);
    audio.resume();
  });
}
