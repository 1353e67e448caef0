// The latest finished video: player, facts, and what a person decides about it.

import { get, newKey, post } from "/static/api.js";
import { fill, h, money } from "/static/dom.js";

let shown = "";

export async function showPlayer(place, videoId, say, changed) {
  if (!videoId) {
    shown = "";
    fill(place, h("p", { class: "empty" }, "No finished video yet. The first one appears here to be watched and approved."));
    return;
  }
  let video;
  try {
    video = await get(`/videos/${videoId}`);
  } catch (error) {
    fill(place, h("p", { class: "empty" }, "The video could not be loaded. Nothing is lost; it is read again with the next change."));
    shown = "";
    return;
  }
  // a playing video is not replaced because its state changed
  if (shown !== videoId) {
    shown = videoId;
    fill(place, screen(video), h("div", { class: "about" }));
  }
  fill(place.querySelector(".about"), ...about(video, say, changed));
}

function screen(video) {
  const subtitles = h("track", { kind: "captions", srclang: "en", label: "English", src: video.links.captions });
  return h("video", { controls: true, preload: "metadata", playsinline: true, poster: video.links.thumbnail, src: video.links.file, "aria-label": video.title }, subtitles);
}

function about(video, say, changed) {
  const facts = video.rendered;
  const minutes = `${Math.floor(facts.duration_s / 60)} min ${Math.round(facts.duration_s % 60)} s`;
  const list = [minutes, `${facts.width} x ${facts.height}`, `${facts.fps} fps`, `${facts.lufs.toFixed(1)} LUFS`, video.cost && `cost ${money(video.cost.amount)}`];
  return [
    h("p", { class: "video-title" }, video.title),
    h("p", { class: "facts" }, ...list.filter(Boolean).map((fact) => h("span", {}, fact))),
    h("div", { class: "actions" }, ...actions(video, say, changed)),
  ];
}

function actions(video, say, changed) {
  const out = video.publication;
  if (out?.status === "published") {
    const state = out.verified ? "Published and checked" : "Published";
    return [h("span", { class: "chip good" }, `${state}, ${out.privacy}`), h("a", { href: out.url, rel: "noreferrer", target: "_blank" }, "Open on YouTube")];
  }
  if (out?.status === "scheduled" || out?.status === "uploading") return [h("span", { class: "chip live" }, out.status)];
  const problem = h("span", { class: "form-error", role: "alert" });
  const act = (name, path, body) => {
    const key = newKey();
    const button = h("button", { class: "button primary", type: "button", onclick: press }, name);
    async function press() {
      button.disabled = true;
      problem.textContent = "";
      try {
        await post(`/videos/${video.video_id}/${path}`, body, key);
        say(`${name}: done`);
        changed();
      } catch (error) {
        problem.textContent = error.message;
        button.disabled = false;
      }
    }
    return button;
  };
  if (out?.refusal) problem.textContent = out.refusal.message;
  if (!video.approved_at) return [act("Approve", "approve", {}), h("span", { class: "quiet" }, "Watch it, then approve it for publishing."), problem];
  return [h("span", { class: "chip good" }, "Approved"), act("Publish", "publish", { privacy: "public" }), problem];
}
