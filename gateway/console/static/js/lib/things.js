// Names of units and channels, asked for once a page.
import { all, get } from "./api.js";
import { t, word } from "./words.js";

let units = null;
let channels = null;

export const allUnits = () => (units ??= all("/v1/units"));
export const allChannels = () => (channels ??= all("/v1/channels"));

// What was asked for is not so any more.
export const forget = () => (units = channels = null);

export async function unitNames() {
  return new Map((await allUnits()).map((unit) => [unit.id, unit.name]));
}

export const nameOf = (channel) => t("channel.named", { name: channel.name, kind: word("channel_kind", channel.kind) });

export async function channelNames() {
  return new Map((await allChannels()).map((channel) => [channel.id, nameOf(channel)]));
}

export async function unitOptions(me) {
  const list = (await allUnits()).filter((unit) => !unit.merged_into);
  const mine = me.units.includes("*") ? list : list.filter((unit) => me.units.includes(unit.id));
  return mine.map((unit) => [unit.id, unit.name]);
}

const ORDER = ["office", "department", "college", "campus"];

// The units below their parents, kind by kind, each with its depth in the tree.
export function inTree(list) {
  list.sort((one, other) => ORDER.indexOf(one.kind) - ORDER.indexOf(other.kind));
  const known = new Set(list.map((unit) => unit.id));
  const below = Map.groupBy(list, (unit) => (known.has(unit.parent_id) ? unit.parent_id : null));
  const walk = (parent, depth) => (below.get(parent) || []).flatMap((unit) => [{ ...unit, depth }, ...walk(unit.id, depth + 1)]);
  return walk(null, 0);
}

// Names of colleagues by id; somebody who cannot be named is left out.
export async function namesOf(ids) {
  const wanted = [...new Set(ids.filter(Boolean))].slice(0, 100);
  if (!wanted.length) return new Map();
  const { items } = await get("/v1/people", { ids: wanted.join(",") }).catch(() => ({ items: [] }));
  return new Map(items.filter((each) => each.name).map((each) => [each.id, each.name]));
}
