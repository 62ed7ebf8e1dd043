// Names of units and channels, asked for once a page.
import { all } from "./api.js";
import { word } from "./words.js";

let units = null;
let channels = null;

export const allUnits = () => (units ??= all("/v1/units"));
export const allChannels = () => (channels ??= all("/v1/channels"));

export async function unitNames() {
  return new Map((await allUnits()).map((unit) => [unit.id, unit.name]));
}

export async function channelNames() {
  return new Map((await allChannels()).map((channel) => [channel.id, `${channel.name}（${word("channel_kind", channel.kind)}）`]));
}

export async function unitOptions(me) {
  const list = (await allUnits()).filter((unit) => !unit.merged_into);
  const mine = me.units.includes("*") ? list : list.filter((unit) => me.units.includes(unit.id));
  return mine.map((unit) => [unit.id, unit.name]);
}
