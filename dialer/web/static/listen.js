// Live audio of a call: blocks of µ-law (8 kHz, student then AVA) from a socket, played one after another.
"use strict";
const ULAW = Float32Array.from({ length: 256 }, (_, byte) => {
  const u = ~byte & 0xff;
  const size = ((((u & 0x0f) << 3) + 0x84) << ((u & 0x70) >> 4)) - 0x84;
  return (u & 0x80 ? -size : size) / 32768;
});
const AHEAD_S = 0.25;

// Listen to a call; `ended` is called once with the reason. Returns a function that stops it.
function listenTo(callId, ended) {
  const audio = new AudioContext();
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/calls/${callId}/listen`);
  let next = 0, stopped = false;
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }) => {
    const pairs = new Uint8Array(data, 4);
    const frames = pairs.length >> 1;
    if (!frames) return;
    const block = audio.createBuffer(2, frames, 8000);
    for (const side of [0, 1]) {
      const samples = block.getChannelData(side);
      for (let n = 0; n < frames; n++) samples[n] = ULAW[pairs[2 * n + side]];
    }
    if (next < audio.currentTime) next = audio.currentTime + AHEAD_S;
    const source = audio.createBufferSource();
    source.buffer = block;
    source.connect(audio.destination);
    source.start(next);
    next += block.duration;
  };
  socket.onclose = ({ reason }) => { audio.close(); if (!stopped) ended(reason || "The audio has ended."); };
  return () => { stopped = true; socket.close(); };
}
