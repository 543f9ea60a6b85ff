/** Japanese texts of polls, commands and what only one sees. */
import type { CompleteSet } from "../translate.ts";
import type { asking as english } from "./en.ts";

/** Complete by type. */
export const asking: CompleteSet<typeof english> = {
  poll: "投票",
  pollNew: "新しい投票",
  pollVoters_other: "{{count}}人が投票しました",
  pollVotes_other: "{{count}}票",
  pollIsSeveral: "複数選択",
  pollIsAnonymous: "匿名",
  pollIsClosed: "終了",
  pollEndsAt: "{{time}}まで",
  pollEnd: "投票を終了",
  pollFailed: "数えられませんでした。{{reason}}",
  pollOver: "投票は終了しました。",
  roomSinceJoined: "{{room}} は参加した時点から表示されます。",
  onlyYou: "あなただけに表示されています",
  onlyYouDrop: "閉じる",
  slashMenu: "コマンド",
  slashUnknown: "コマンド /{{name}} はありません。先頭に // と書くと、そのまま送信されます。",
  slashFailed: "/{{name}}: {{reason}}",
  slashNobody: "{{name}} という名前の人は見つかりませんでした。",
  slashNeeds: "/{{name}} の後に入力が必要です: {{usage}}",
  usageText: "<テキスト>",
  usageName: "<名前>",
  cmdHelp: "すべてのコマンドを表示",
  cmdMe: "今していることを伝える",
  cmdTopic: "ルームのトピックを設定(空なら削除)",
  cmdInvite: "誰かをルームに招き入れる",
  cmdLeave: "ルームを退出",
  cmdMute: "このルームの通知を止める",
  cmdUnmute: "このルームの通知を再開",
  cmdPoll: "ルームに投票で尋ねる",
  cmdAway: "離席中として表示",
  cmdDnd: "取り込み中にする",
  cmdActive: "在席として表示",
};
