// Emoji by the names that Slack gives them: those that people and bots use most. Others stay as `:name:`.

const LISTS = {
  faces:
    "smile 😄 smiley 😃 grinning 😀 grin 😁 laughing 😆 joy 😂 rofl 🤣 slightly_smiling_face 🙂 upside_down_face 🙃 " +
    "wink 😉 blush 😊 heart_eyes 😍 kissing_heart 😘 yum 😋 sunglasses 😎 nerd_face 🤓 star-struck 🤩 " +
    "partying_face 🥳 smirk 😏 neutral_face 😐 expressionless 😑 no_mouth 😶 thinking_face 🤔 " +
    "face_with_rolling_eyes 🙄 grimacing 😬 relieved 😌 pensive 😔 sleeping 😴 mask 😷 confused 😕 worried 😟 " +
    "slightly_frowning_face 🙁 open_mouth 😮 flushed 😳 scream 😱 cry 😢 sob 😭 sweat_smile 😅 sweat 😓 weary 😩 " +
    "tired_face 😫 angry 😠 rage 😡 exploding_head 🤯 zany_face 🤪 hugging_face 🤗 innocent 😇 saluting_face 🫡 " +
    "melting_face 🫠 skull 💀 ghost 👻 robot_face 🤖 alien 👽 see_no_evil 🙈 hear_no_evil 🙉 speak_no_evil 🙊 poop 💩",
  hands:
    "+1 👍 thumbsup 👍 -1 👎 thumbsdown 👎 ok_hand 👌 wave 👋 clap 👏 raised_hands 🙌 pray 🙏 muscle 💪 point_up ☝️ " +
    "point_up_2 👆 point_down 👇 point_left 👈 point_right 👉 v ✌️ crossed_fingers 🤞 handshake 🤝 facepunch 👊 " +
    "fist ✊ hand ✋ raised_hand ✋ writing_hand ✍️ eyes 👀 brain 🧠 bust_in_silhouette 👤 busts_in_silhouette 👥 " +
    "shrug 🤷 face_palm 🤦",
  signs:
    "white_check_mark ✅ heavy_check_mark ✔️ ballot_box_with_check ☑️ x ❌ negative_squared_cross_mark ❎ " +
    "heavy_multiplication_x ✖️ heavy_plus_sign ➕ heavy_minus_sign ➖ heavy_division_sign ➗ exclamation ❗ " +
    "heavy_exclamation_mark ❗ bangbang ‼️ question ❓ grey_question ❔ interrobang ⁉️ warning ⚠️ no_entry ⛔ " +
    "no_entry_sign 🚫 octagonal_sign 🛑 stop_sign 🛑 rotating_light 🚨 information_source ℹ️ hash #️⃣ " +
    "asterisk *️⃣ 100 💯 sos 🆘 new 🆕 up 🆙 ok 🆗 free 🆓 cool 🆒 recycle ♻️ infinity ♾️ copyright ©️ " +
    "registered ®️ tm ™️ speech_balloon 💬 thought_balloon 💭 zzz 💤 boom 💥 collision 💥 dizzy 💫 sparkles ✨ " +
    "star ⭐ star2 🌟 fire 🔥 zap ⚡ droplet 💧 snowflake ❄️ sunny ☀️ cloud ☁️ partly_sunny ⛅ rainbow 🌈 " +
    "umbrella ☔",
  shapes:
    "red_circle 🔴 large_orange_circle 🟠 large_yellow_circle 🟡 large_green_circle 🟢 large_blue_circle 🔵 " +
    "blue_circle 🔵 large_purple_circle 🟣 large_brown_circle 🟤 white_circle ⚪ black_circle ⚫ " +
    "large_red_square 🟥 large_orange_square 🟧 large_yellow_square 🟨 large_green_square 🟩 large_blue_square 🟦 " +
    "large_purple_square 🟪 white_large_square ⬜ black_large_square ⬛ small_red_triangle 🔺 " +
    "small_red_triangle_down 🔻 small_orange_diamond 🔸 small_blue_diamond 🔹 large_orange_diamond 🔶 " +
    "large_blue_diamond 🔷 radio_button 🔘 diamond_shape_with_a_dot_inside 💠",
  arrows:
    "arrow_up ⬆️ arrow_down ⬇️ arrow_left ⬅️ arrow_right ➡️ arrow_upper_right ↗️ arrow_upper_left ↖️ " +
    "arrow_lower_right ↘️ arrow_lower_left ↙️ arrow_up_down ↕️ left_right_arrow ↔️ arrow_up_small 🔼 " +
    "arrow_down_small 🔽 arrow_double_up ⏫ arrow_double_down ⏬ arrow_forward ▶️ arrow_backward ◀️ " +
    "fast_forward ⏩ rewind ⏪ black_square_for_stop ⏹️ double_vertical_bar ⏸️ arrows_counterclockwise 🔄 " +
    "arrows_clockwise 🔃 repeat 🔁 twisted_rightwards_arrows 🔀 back 🔙 soon 🔜 leftwards_arrow_with_hook ↩️ " +
    "arrow_right_hook ↪️",
  time:
    "hourglass ⌛ hourglass_flowing_sand ⏳ watch ⌚ alarm_clock ⏰ stopwatch ⏱️ timer_clock ⏲️ clock1 🕐 " +
    "clock3 🕒 clock6 🕕 clock9 🕘 clock12 🕛 date 📅 calendar 📆 spiral_calendar_pad 🗓️",
  things:
    "package 📦 whale 🐳 whale2 🐋 ship 🚢 rocket 🚀 anchor ⚓ building_construction 🏗️ construction 🚧 " +
    "construction_worker 👷 factory 🏭 wrench 🔧 hammer 🔨 hammer_and_wrench 🛠️ gear ⚙️ nut_and_bolt 🔩 toolbox 🧰 " +
    "magnet 🧲 test_tube 🧪 microscope 🔬 mag 🔍 mag_right 🔎 lock 🔒 unlock 🔓 lock_with_ink_pen 🔏 " +
    "closed_lock_with_key 🔐 key 🔑 old_key 🗝️ shield 🛡️ link 🔗 chains ⛓️ paperclip 📎 pushpin 📌 " +
    "round_pushpin 📍 scissors ✂️ label 🏷️ bookmark 🔖 bookmark_tabs 📑 triangular_flag_on_post 🚩 " +
    "checkered_flag 🏁 white_flag 🏳️ computer 💻 desktop_computer 🖥️ keyboard ⌨️ floppy_disk 💾 minidisc 💽 cd 💿 " +
    "dvd 📀 file_cabinet 🗄️ card_file_box 🗃️ card_index_dividers 🗂️ wastebasket 🗑️ file_folder 📁 " +
    "open_file_folder 📂 page_facing_up 📄 page_with_curl 📃 clipboard 📋 memo 📝 pencil 📝 pencil2 ✏️ notebook 📓 " +
    "books 📚 book 📖 scroll 📜 newspaper 📰 email 📧 envelope ✉️ incoming_envelope 📨 inbox_tray 📥 outbox_tray 📤 " +
    "mailbox 📫 bell 🔔 no_bell 🔕 loudspeaker 📢 mega 📣 telephone_receiver 📞 iphone 📱 satellite 🛰️ " +
    "satellite_antenna 📡 battery 🔋 electric_plug 🔌 bulb 💡 flashlight 🔦 thermometer 🌡️ bar_chart 📊 " +
    "chart_with_upwards_trend 📈 chart_with_downwards_trend 📉 abacus 🧮 straight_ruler 📏 scales ⚖️ moneybag 💰 " +
    "credit_card 💳 gem 💎 crown 👑 trophy 🏆 medal 🏅 dart 🎯 tada 🎉 confetti_ball 🎊 gift 🎁 balloon 🎈 birthday 🎂 " +
    "coffee ☕ beer 🍺 pizza 🍕 cookie 🍪 apple 🍎 globe_with_meridians 🌐 earth_africa 🌍 earth_americas 🌎 " +
    "earth_asia 🌏 house 🏠 office 🏢 hospital 🏥 ambulance 🚑 fire_engine 🚒 fire_extinguisher 🧯 bug 🐛 beetle 🪲 " +
    "ant 🐜 bee 🐝 spider_web 🕸️ snail 🐌 turtle 🐢 snake 🐍 penguin 🐧 octopus 🐙 dolphin 🐬 elephant 🐘 crab 🦀 " +
    "unicorn_face 🦄 cat 🐱 dog 🐶 seedling 🌱 evergreen_tree 🌲 herb 🌿 four_leaf_clover 🍀 jigsaw 🧩 game_die 🎲 " +
    "crystal_ball 🔮 broom 🧹 bricks 🧱 ice_cube 🧊",
  hearts:
    "heart ❤️ orange_heart 🧡 yellow_heart 💛 green_heart 💚 blue_heart 💙 purple_heart 💜 black_heart 🖤 " +
    "white_heart 🤍 broken_heart 💔",
  numbers: "zero 0️⃣ one 1️⃣ two 2️⃣ three 3️⃣ four 4️⃣ five 5️⃣ six 6️⃣ seven 7️⃣ eight 8️⃣ nine 9️⃣ keycap_ten 🔟",
};
const SKIN_TONES = { 2: "🏻", 3: "🏼", 4: "🏽", 5: "🏾", 6: "🏿" };
const VARIATION = /\ufe0f$/;

const EMOJI = new Map(Object.values(LISTS).flatMap(pairs));

/**
 * @param {string} name Slack's name, without colons; a skin tone may follow: `wave::skin-tone-3`.
 * @returns {string|null} The character; null when we do not know the name.
 */
export function emoji(name) {
  const [plain, tone] = String(name).split("::skin-tone-");
  const character = EMOJI.get(plain);
  if (character === undefined) return null;
  return tone && SKIN_TONES[tone] ? character.replace(VARIATION, "") + SKIN_TONES[tone] : character;
}

/**
 * @param {string} codePoints As Slack writes them: `1f44d-1f3fc`.
 * @returns {string|null} The character; null when they are none.
 */
export function emojiOfCodePoints(codePoints) {
  if (!/^[0-9a-f]{1,6}(-[0-9a-f]{1,6}){0,9}$/i.test(codePoints)) return null;
  const points = codePoints.split("-").map((point) => Number.parseInt(point, 16));
  const isPicture = points.some((point) => point >= 0x2000 && point <= 0x1faff);
  const isHarmless = points.every((point) => point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff));
  return isPicture && isHarmless && !points.some(turnsText) ? String.fromCodePoint(...points) : null;
}

function turnsText(point) {
  return [
    [0x200e, 0x200f],
    [0x202a, 0x202e],
    [0x2066, 0x2069],
  ].some(([first, last]) => point >= first && point <= last);
}

function pairs(list) {
  const words = list.split(" ");
  return Array.from({ length: words.length / 2 }, (_, index) => [words[2 * index], words[2 * index + 1]]);
}
