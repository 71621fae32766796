/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-client/sdl/options.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>

#include "common/enrolment.h"
#include "common/error.h"
#include "mtp/messages.h"

#define PASSWORD_MAX 1024 /* bytes */

static const char summary[] =
    "Shows a phone that runs in the data centre: signs in at the broker, asks for a package,\n"
    "and connects to the phone's host. Touch it with mouse or fingers, type on the keyboard.\n\n"
    "Keys that the phone does not get:\n"
    "  F7   copies what is written on the screen to the clipboard\n"
    "  F8   the terminal's own on-screen keyboard, on a handset\n"
    "  F9   two fingers zoom the picture; again: they are the phone's, and all of it is seen\n"
    "  F10  turns the picture\n"
    "  F11  full screen\n"
    "  F12  statistics: updates and bytes a second, delay, kinds of tile\n"
    "With Ctrl the mouse wheel zooms.";

static bool check_url(struct options *options, GError **error)
{
	g_autoptr(GUri) uri = g_uri_parse(options->url, G_URI_FLAGS_NONE, NULL);

	if (!uri || g_strcmp0(g_uri_get_scheme(uri), "https") || !g_uri_get_host(uri) ||
	    !*g_uri_get_host(uri) || g_uri_get_userinfo(uri)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "'%s' is not the broker's address: give https://HOST:PORT", options->url);
		return false;
	}
	while (g_str_has_suffix(options->url, "/"))
		options->url[strlen(options->url) - 1] = '\0';
	return true;
}

static bool check_screen(struct options *options, GError **error)
{
	int end = 0, dense = 0;
	const char *text = options->screen;
	bool good = sscanf(text, "%4ux%4u%n@%4u%n", &options->screen_width, &options->screen_height,
	                &end, &options->screen_dpi, &dense) >= 2 &&
	            !text[MAX(end, dense)] &&
	            mtp_screen_is_valid(options->screen_width, options->screen_height);
	if (good && options->headless)
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
	    good ? "--screen is for --headless; a window has a size"
	         : "--screen takes WIDTHxHEIGHT, and @DPI if need be: 1080x2160@400");
	return false;
}

static bool check(struct options *options, GError **error)
{
	if (!check_url(options, error))
		return false;
	if (!options->kerberos && (!options->user || !*options->user)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "say who signs in: --user NAME, or --kerberos");
		return false;
	}
	if (options->organisation && (!options->user || !strchr(options->user, '@'))) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "--organisation wants to know which: --user NAME@COMPANY.EXAMPLE");
		return false;
	}
	if (options->organisation && options->password_file) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "with --organisation the password is for the company's own page: no "
		    "--password-file");
		return false;
	}
	if (options->kerberos && !options->organisation &&
	    (options->user || options->password_file)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "with --kerberos the ticket says who signs in: no --user, no --password-file");
		return false;
	}
	if (options->rotate % 90 || options->rotate < 0 || options->rotate > 270) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "--rotate takes 0, 90, 180 or 270, not %d", options->rotate);
		return false;
	}
	if (options->headless && options->fullscreen) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "--headless has no window that could be --fullscreen");
		return false;
	}
	if (options->screen && !check_screen(options, error))
		return false;
	if (!options->package)
		options->package = g_strdup("phone");
	return true;
}

void options_add_account(GOptionContext *context, struct options *options)
{
	const GOptionEntry entries[] = {
	    {"user", 'u', 0, G_OPTION_ARG_STRING, &options->user, "Who signs in", "NAME"},
	    {"password-file", 0, 0, G_OPTION_ARG_FILENAME, &options->password_file,
	        "Take the password from FILE's first line instead of asking", "FILE"},
	    {"code-file", 0, 0, G_OPTION_ARG_FILENAME, &options->code_file,
	        "Take the code of the second factor from FILE's first line instead of asking",
	        "FILE"},
	    {"kerberos", 'k', 0, G_OPTION_ARG_NONE, &options->kerberos,
	        "Sign in with your Kerberos ticket (kinit) in place of name and password", NULL},
	    {"organisation", 0, 0, G_OPTION_ARG_NONE, &options->organisation,
	        "Sign in at the company in --user NAME@COMPANY: in a browser, or with --kerberos",
	        NULL},
	    {"ca-file", 0, 0, G_OPTION_ARG_FILENAME, &options->ca_file,
	        "Trust the certificate authority in FILE (PEM), and no other", "FILE"},
	    {"package", 'p', 0, G_OPTION_ARG_STRING, &options->package,
	        "What to open (default: phone)", "ID"},
	    {0},
	};

	g_option_context_add_main_entries(context, entries, NULL);
}

struct options *options_parse(int argc, char **argv, GError **error)
{
	AUTO(options) options = g_new0(struct options, 1);
	g_auto(GStrv) rest = NULL;
	const GOptionEntry entries[] = {
	    {"rotate", 'r', 0, G_OPTION_ARG_INT, &options->rotate,
	        "Turn the picture clockwise by 0, 90, 180 or 270", "DEGREES"},
	    {"fullscreen", 'f', 0, G_OPTION_ARG_NONE, &options->fullscreen, "Fill the screen",
	        NULL},
	    {"headless", 0, 0, G_OPTION_ARG_NONE, &options->headless, "No window: decode only",
	        NULL},
	    {"screen", 0, 0, G_OPTION_ARG_STRING, &options->screen,
	        "Headless: be a terminal of this size, which the phone takes over",
	        "WIDTHxHEIGHT[@DPI]"},
	    {"screenshot", 0, 0, G_OPTION_ARG_FILENAME, &options->screenshot,
	        "Write the picture as PNG when ending; headless without a script, end once it "
	        "is still",
	        "FILE"},
	    {"script", 's', 0, G_OPTION_ARG_FILENAME, &options->script,
	        "Play the commands in FILE, and end (see mtp-client/README.md)", "FILE"},
	    {"stats-json", 0, 0, G_OPTION_ARG_FILENAME, &options->stats_json,
	        "Write what was measured when ending", "FILE"},
	    {"version", 0, 0, G_OPTION_ARG_NONE, &options->version, "Print the version", NULL},
	    {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &rest, NULL, NULL},
	    {0},
	};
	GOptionContext *context = g_option_context_new("https://HOST:PORT");
	g_autoptr(GError) wrong = NULL;

	g_option_context_set_summary(context, summary);
	options_add_account(context, options);
	g_option_context_add_main_entries(context, entries, NULL);
	bool parsed = g_option_context_parse(context, &argc, &argv, &wrong);

	g_option_context_free(context);
	if (!parsed) {
		g_set_error(
		    error, QVMI_ERROR, QVMI_ERROR_INVALID, "%s (see --help)", wrong->message);
		return NULL;
	}
	if (options->version)
		return g_steal_pointer(&options);
	if (!rest || !rest[0] || rest[1]) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "give the broker's address and options, nothing else: mtp-client "
		    "https://HOST:PORT --user NAME");
		return NULL;
	}
	options->url = g_strdup(rest[0]);
	return check(options, error) ? g_steal_pointer(&options) : NULL;
}

void options_free(struct options *options)
{
	if (!options)
		return;
	g_free(options->url);
	g_free(options->user);
	g_free(options->password_file);
	g_free(options->code_file);
	g_free(options->ca_file);
	g_free(options->package);
	g_free(options->screen);
	g_free(options->screenshot);
	g_free(options->script);
	g_free(options->stats_json);
	g_free(options);
}

void options_forget(char *secret)
{
	if (!secret)
		return;
	explicit_bzero(secret, strlen(secret));
	g_free(secret);
}

static char *first_line(FILE *stream)
{
	char line[PASSWORD_MAX + 2];
	char *password = NULL;

	if (fgets(line, sizeof(line), stream)) {
		line[strcspn(line, "\r\n")] = '\0';
		if (*line && g_utf8_validate(line, -1, NULL))
			password = g_strdup(line);
	}
	explicit_bzero(line, sizeof(line));
	return password;
}

static char *secret_from_file(const char *option, const char *file, GError **error)
{
	FILE *stream = fopen(file, "re");

	if (!stream) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "cannot read %s %s: %s", option,
		    file, g_strerror(errno));
		return NULL;
	}
	/* Unbuffered: no copy of the secret stays behind in stdio's memory. */
	setvbuf(stream, NULL, _IONBF, 0);
	char *secret = first_line(stream);

	fclose(stream);
	if (!secret)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "%s %s has nothing in its first line", option, file);
	return secret;
}

static FILE *open_terminal(const char *what, const char *option, GError **error)
{
	FILE *terminal = fopen("/dev/tty", "r+e");

	if (terminal)
		setvbuf(terminal, NULL, _IONBF, 0);
	else
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "there is no terminal to ask for the %s: give %s FILE", what, option);
	return terminal;
}

static char *ask_hidden(FILE *terminal, const char *what, GError **error)
{
	struct termios before, quiet;
	bool changed = tcgetattr(fileno(terminal), &before) == 0;

	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	if (changed)
		tcsetattr(fileno(terminal), TCSAFLUSH, &quiet);
	char *secret = first_line(terminal);

	if (changed)
		tcsetattr(fileno(terminal), TCSAFLUSH, &before);
	fputc('\n', terminal);
	if (!secret)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "no %s was given", what);
	return secret;
}

static char *password_from_terminal(const struct options *options, GError **error)
{
	FILE *terminal = open_terminal("password", "--password-file", error);

	if (!terminal)
		return NULL;
	fprintf(terminal, "Password of %s at %s: ", options->user, options->url);
	char *password = ask_hidden(terminal, "password", error);

	fclose(terminal);
	return password;
}

char *options_code(JsonObject *challenge, void *data, GError **error)
{
	struct options *options = data;

	if (options->code_file && options->code_used) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_DENIED,
		    "the code in --code-file %s is wrong, or was used already", options->code_file);
		return NULL;
	}
	options->code_used = true;
	FILE *terminal = options->code_file ? stderr : open_terminal("code", "--code-file", error);
	char *code = NULL;

	if (!terminal)
		return NULL;
	if (enrolment_show(challenge, terminal, error)) {
		if (!options->code_file)
			fputs("Code of the authenticator application, or a recovery code: ",
			    terminal);
		code = options->code_file
		           ? secret_from_file("--code-file", options->code_file, error)
		           : ask_hidden(terminal, "code", error);
	}
	if (terminal != stderr)
		fclose(terminal);
	return code;
}

bool options_password(const struct options *options, char **password, GError **error)
{
	*password = NULL;
	if (options->kerberos || options->organisation)
		return true;
	*password = options->password_file
	                ? secret_from_file("--password-file", options->password_file, error)
	                : password_from_terminal(options, error);
	return *password;
}
