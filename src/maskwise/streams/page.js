"use strict";

const cameras = document.getElementById("cameras");
const events = document.getElementById("events");
const connection = document.getElementById("connection");
const shown = new Map();

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

function panel(name) {
  const section = document.createElement("section");
  const state = element("p", "");
  const image = document.createElement("img");
  image.alt = `Live picture of ${name}`;
  image.src = `/camera/${encodeURIComponent(name)}`;
  section.append(element("h2", name), state, image);
  cameras.append(section);
  return { section, state };
}

function show(status) {
  const names = new Set(status.cameras.map((camera) => camera.name));
  for (const [name, { section }] of shown) {
    if (!names.has(name)) {
      section.remove();
      shown.delete(name);
    }
  }
  for (const camera of status.cameras) {
    if (!shown.has(camera.name)) shown.set(camera.name, panel(camera.name));
    const { section, state } = shown.get(camera.name);
    section.className = camera.state;
    state.textContent =
      `${camera.state}, ${camera.fps.toFixed(1)} looks/s, ` +
      `delay ${Math.round(camera.delay_s * 1000)} ms, people ${camera.people}` +
      (camera.masked === null ? "" : `, masked ${Math.round(camera.masked * 100)} %`);
  }
  events.replaceChildren(
    ...status.events.map((event) =>
      element(
        "li",
        `${new Date(event.time).toLocaleTimeString()} ${event.camera}: ${event.event} ` +
          `(${event.state ?? (event.person ? `person ${event.person}` : `${event.n} people`)})`,
      ),
    ),
  );
}

async function refresh() {
  try {
    const answer = await fetch("/status");
    if (!answer.ok) throw new Error(String(answer.status));
    show(await answer.json());
    connection.textContent = "";
  } catch {
    connection.textContent = "No connection to maskwise.";
  }
  setTimeout(refresh, 1000);
}

refresh();
