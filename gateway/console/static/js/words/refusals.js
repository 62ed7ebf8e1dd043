// What the server says in English, in Chinese: why it refused, and what is wrong with a field.

export const REFUSALS = {
  "accounts.beyond_your_units": "不能授予您自己没有的单位。", "accounts.last_admin": "这是最后一个可管理全部单位的管理员，不能停用或降级。", "accounts.not_found": "没有这个账号。", "keys.not_found": "没有这把密钥。",
  "asset.no_rendition": "视频没有缩略图。", "asset.not_found": "没有这个素材，或不在您的单位范围内。", "asset.not_in_unit": "所选照片中有的不属于拍摄单位，或已停用。", "asset.too_many_pixels": "图片像素过大，请缩小后再传。", "asset.type_refused": "文件类型不支持：请上传 JPEG、PNG、WebP 等图片或 MP4 视频。", "asset.withdrawn": "素材已停用。",
  "password.changed": "密码刚刚在别处改过。请用新密码登录。",
  "blobs.full": "存储空间已满，请联系管理员。", "database.full": "服务器磁盘已满，暂时不能写入，请联系管理员。", "disk.full": "服务器磁盘已满，暂时不能写入，请联系管理员。", "unit.quota_used_up": "本单位的素材空间已用完，请联系管理员。",
  "caller.denied": "您的角色不能做这件事，或它不在您的单位范围内。", "caller.no_such_unit": "没有这个单位，或不在您的范围内。", "csrf.no_intent": "请求未经本页面发出，已拒绝。请刷新后重试。", "csrf.other_site": "请求来自其他网站，已拒绝。",
  "content.article_not_found": "没有这篇稿件，或不在您的单位范围内。", "content.article_withdrawn": "稿件已撤回，不能再改动。", "content.channel_changed_later": "变更时间早于阵地上一次变更。", "content.channel_closed": "阵地已关闭。", "content.channel_not_active": "阵地当前不在用，不能发布。", "content.channel_not_found": "没有这个阵地，或不在您的单位范围内。", "content.channel_step": "阵地不能从当前状态直接变为所选状态。", "content.due_in_past": "定时已过：请直接发布。", "content.publication_not_found": "没有这条发布记录。", "content.revision_not_found": "没有这一稿。", "content.tier_needs_website": "只有网站有新闻位置。", "content.unit_changed_later": "日期早于该单位上一次变更。", "content.unit_loop": "不能隶属或并入自己，或自己的下级。", "content.unit_merged": "该单位已并入其他单位，不能再变更。", "content.unit_not_found": "没有这个单位，或不在您的范围内。",
  "content.article_exists": "稿件已经存在。", "content.channel_exists": "阵地已经存在。", "content.unit_exists": "单位已经存在。", "training.session_exists": "场次已经存在。", "metrics.limit_not_positive": "时限须大于零。", "upload.created_at_once": "上传太多，请稍后再试。", "cursor.invalid": "列表已变化，请重新载入。", "request.bad_cursor": "列表已变化，请重新载入。", "figure.not_found": "没有这项数据。", "idempotency.key_reused": "同一请求已用另外的内容提交过。请重新打开表单。", "matrix.period": "时段写法不对。",
  "live_stream.ended": "直播已结束；请另行安排一场。", "live_stream.ends_before_start": "结束时间不能早于开播时间。", "live_stream.not_found": "没有这场直播，或不在您的单位范围内。", "live_stream.not_started": "直播尚未开播。", "live_stream.other_method": "这一场已用另一种方式计数，不能混用。", "live_stream.sample_outside": "只能登记开播之后、结束十分钟以内的人数。", "live_stream.sampled_otherwise": "这一时刻已登记过不同的人数。",
  "media.in_the_future": "时间在将来。", "metrics.counted_in_future": "计数时间在将来。", "shoot.not_found": "没有这次拍摄，或不在您的单位范围内。", "person.erased": "此人的信息已按要求删除。",
  "request.not_json": "请求格式不对。", "request.not_valid_json": "请求格式不对。", "request.too_deep": "请求格式不对。", "request.too_large": "内容过大。", "request.needs_version": "请刷新后再改。", "stream.changed": "别人刚改过它。请刷新后再改一次。",
  "review.blocked": "有必须处理的词句，您没有放行的权限。", "review.case_claimed": "他人正在审核这一篇。", "review.case_decided": "已有决定。", "review.case_not_found": "没有这个审核个案，或不在您的单位范围内。", "review.decided_too_early": "决定时间早于送审时间。", "review.override_reason_missing": "放行须写明理由。", "review.own_text": "不能审核自己参与的稿件。", "review.reason_missing": "请写明理由，作者才知道如何修改。", "review.scheme_covers_nothing": "至少选择一类稿件。", "review.scheme_not_found": "没有这项审核办法。", "review.term_empty": "有的词条去掉空格和符号后没有内容。", "review.term_list_not_found": "没有这份词库，或没有这一版。", "review.term_twice": "有词条重复。",
  "training.session_attended": "已有人签到，不能取消。", "training.session_cancelled": "场次已取消。", "training.session_held": "场次已举办。", "training.session_not_found": "没有这个场次，或不在您的单位范围内。", "training.still_to_come": "场次还没有到时间。",
  "upload.incomplete": "上传不完整，请重试。", "upload.media_type": "文件类型不支持。", "upload.not_found": "上传已过期，请重新上传。", "upload.other_blob": "上传中断，请重试。", "upload.other_length": "上传中断，请重试。", "upload.too_long": "文件过大，最大 200 MB。", "upload.too_many_parts": "上传中断过多，请重新上传。", "upload.wrong_offset": "上传中断，请重试。",
};

const REASONS = [
  [/^Missing data|may not be null|is needed|Is needed/i, "请填写。"],
  [/^Shorter than minimum length (\d+)/, "至少 $1 个字。"], [/^Longer than maximum length (\d+)/, "最多 $1 个字。"], [/^Length must be between (\d+) and (\d+)/, "须为 $1 至 $2 个字（项）。"], [/^Length must be (\d+)/, "须为 $1 个字。"],
  [/greater than or equal to (\S+?)( and less than or equal to (\S+?))?\.$/, "数值超出范围（最小 $1）。"], [/less than or equal to (\S+?)\.$/, "不能大于 $1。"],
  [/^Must be one of/, "不是可选的值。"], [/URL/, "请填写完整的链接，以 https:// 或 http:// 开头。"], [/integer|number/i, "请填写数字。"], [/date|moment|time/i, "日期或时间不对。"],
  [/future/i, "时间在将来。"], [/More than spaces|title is needed/i, "不能只有空格。"], [/Control characters/, "含有不可用的控制字符。"], [/^Unknown field/, "未知的字段。"], [/tags\.$/, "标签过多。"], [/stands alone/, "“全部单位”不能与其他单位同选。"], [/Nothing to change/, "没有改动。"],
];

export function inChinese(reason) {
  const found = REASONS.find(([pattern]) => pattern.test(reason));
  if (!found) return "内容不符合要求。";
  const match = reason.match(found[0]);
  return found[1].replace(/\$(\d)/g, (_, n) => match[n] ?? "");
}
