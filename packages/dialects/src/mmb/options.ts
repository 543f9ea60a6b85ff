/** How an install's MMB dialect is set up (MMB-19). */
export interface MmbOptions {
  /** `message` in rooms `chat_*`. */
  readonly chat: boolean;
  /** `edit` and `cursor`. */
  readonly collaboration: boolean;
  /** Rooms `notifications_*` and `ocr_job_*`. */
  readonly notifications: boolean;
  /** Texts are escaped on the way out, for pages that put them into `innerHTML`. */
  readonly escapesHtml: boolean;
}
