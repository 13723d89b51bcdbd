// Lists that people choose from: what Slack would offer in them, and what the answer is called.
import { channelName } from "./words.js";

export const options = (told) => [...(told.options ?? []), ...(told.option_groups ?? []).flatMap((each) => each.options)];

const WORDS = {
  static_select: "selected_option", multi_static_select: "selected_options",
  conversations_select: "selected_conversation", multi_conversations_select: "selected_conversations",
  channels_select: "selected_channel", multi_channels_select: "selected_channels",
  users_select: "selected_user", multi_users_select: "selected_users",
};
/** Where `state.values` keeps the choice of an element. */
export const wordOf = (told) => WORDS[told.type];
export const isList = (told) => told.type in WORDS;

/** The choices of a list as {value, name}, for the person whose screen it is. */
export function offeredBy(told, screen) {
  switch (told.type.replace(/^multi_/, "")) {
    case "users_select": return screen.users.filter((each) => !each.is_bot).map((each) => ({ value: each.id, name: each.real_name }));
    case "conversations_select": case "channels_select": return places(told, screen);
    default: return options(told).map((each) => ({ value: each.value, name: each.text.text }));
  }
}

function places(told, screen) {
  const wanted = told.filter?.include ?? (told.type.endsWith("channels_select") ? ["public"] : null);
  const kind = (each) => (each.is_im ? "im" : each.is_mpim ? "mpim" : each.is_private ? "private" : "public");
  return screen.channels
    .filter((each) => !each.is_archived && (!wanted || wanted.includes(kind(each))) && !(each.is_im && told.filter?.exclude_bot_users && each.members.includes(screen.app.user)))
    .map((each) => ({ value: each.id, name: `${each.is_im ? "" : "#"}${channelName(each.id, screen)}` }));
}
