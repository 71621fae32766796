/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PID 1 of the tiny guest, and all there is beside the agent: draws the test card, starts the
 * agent, and from then on answers touch, keys, a new hostname, launched applications and the power
 * button. It sleeps in poll() and nothing wakes it but those.
 *
 * Under the name systemd-run it is what the agent starts an application with: it tells PID 1.
 */
#include "card.h"
#include "discard.h"
#include "input.h"
#include "liar.h"
#include "probe.h"
#include "screen.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/input-event-codes.h>
#include <linux/netlink.h>
#include <linux/random.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define AGENT "/sbin/qvmi-agent"
#define DRAWN "/run/drawn"
#define LAUNCHED "/run/launched" /* a FIFO: ids of launched applications, one a line */
#define SESSION "/run/user/1000" /* where the agent looks for the user's session */
#define HOME "/home/phone"
#define HOSTNAME "/proc/sys/kernel/hostname"
#define DEVICE_MAX 16
#define AGENT_STARTS_MAX 5

enum { POLL_SIGNAL, POLL_DEV, POLL_HOSTNAME, POLL_LAUNCHED, POLL_KERNEL, POLL_INPUT };

struct guest {
	struct screen screen;
	struct card card;
	struct input_device inputs[DEVICE_MAX];
	struct pollfd polls[POLL_INPUT + DEVICE_MAX];
	unsigned input_count, agent_starts;
	pid_t agent;
	bool never_ready, lies;
};

static void turn_off(void)
{
	sync();
	reboot(RB_POWER_OFF);
}

/* From here on neither the agent nor the power button nor touch is answered: what a crashed system
 * looks like from outside. */
static void hang(struct guest *guest)
{
	if (guest->agent > 0)
		kill(guest->agent, SIGSTOP);
	while (true)
		pause();
}

static void on_key(void *context, int code)
{
	struct guest *guest = context;
	if (code == KEY_POWER)
		turn_off();
	if (code == KEY_F12)
		hang(guest);
	guest->card.keys++;
	if (code == KEY_ESC)
		card_draw(&guest->card);
	else
		card_show_status(&guest->card);
}

static void on_contact(void *context, int slot, bool began, double x, double y)
{
	struct guest *guest = context;
	if (began) {
		guest->card.touches++;
		card_show_status(&guest->card);
	}
	card_mark(&guest->card, slot, (int)(x * (guest->screen.width - 1) + 0.5),
	    (int)(y * (guest->screen.height - 1) + 0.5));
}

static void start_agent(struct guest *guest)
{
	guest->agent_starts++;
	guest->agent = fork();
	if (guest->agent != 0)
		return;
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (guest->lies)
		liar_run();
	execl(AGENT, AGENT, "--ready-file", DRAWN, (char *)NULL);
	fprintf(stderr, "init: cannot start %s: %s\n", AGENT, strerror(errno));
	_exit(127);
}

static void on_signal(struct guest *guest)
{
	struct signalfd_siginfo info;
	while (read(guest->polls[POLL_SIGNAL].fd, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo != SIGCHLD)
			turn_off();
	pid_t pid;
	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		if (pid == guest->agent) {
			fprintf(stderr, "init: the agent has ended\n");
			guest->agent = 0;
			if (guest->agent_starts < AGENT_STARTS_MAX)
				start_agent(guest);
		}
}

/* The agent's port appears some time after the kernel has started init, and an agent that finds
 * none looks again only after half a second. */
static void start_agent_when_port_is_there(struct guest *guest)
{
	char space[4096];
	glob_t ports;
	while (read(guest->polls[POLL_DEV].fd, space, sizeof(space)) > 0)
		;
	if (guest->agent_starts > 0)
		return;
	if (glob("/dev/vport*", 0, NULL, &ports) == 0)
		start_agent(guest);
	globfree(&ports);
}

static void read_hostname(struct guest *guest)
{
	char *name = guest->card.hostname;
	ssize_t length =
	    pread(guest->polls[POLL_HOSTNAME].fd, name, sizeof(guest->card.hostname) - 1, 0);
	name[length < 0 ? 0 : length] = '\0';
	name[strcspn(name, "\n")] = '\0';
}

static void on_launched(struct guest *guest)
{
	char text[256];
	ssize_t length = read(guest->polls[POLL_LAUNCHED].fd, text, sizeof(text) - 1);
	if (length <= 0)
		return;
	text[length] = '\0';
	text[strcspn(text, "\n")] = '\0';
	snprintf(guest->card.application, sizeof(guest->card.application), "%.64s", text);
	card_show_status(&guest->card);
	if (strcmp(text, "org.qvmi.Discard") == 0 && fork() == 0) {
		setlinebuf(stdout);
		discard_run();
		_exit(0);
	}
}

static void make_file(const char *path, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, mode);
	if (fd >= 0)
		close(fd);
}

static void set_up_system(void)
{
	mount("dev", "/dev", "devtmpfs", 0, NULL);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sys", "/sys", "sysfs", 0, NULL);
	mount("run", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=4m");
	int console = open("/dev/console", O_RDWR);
	for (int fd = 0; fd < 3; fd++)
		dup2(console, fd);
	if (console > 2)
		close(console);
	umask(022);
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	sethostname("tiny", 4);
	if (chown(HOME, 1000, 1000) < 0)
		fprintf(stderr, "init: nobody can write to %s: %s\n", HOME, strerror(errno));
	mkdir("/run/user", 0755);
	mkdir(SESSION, 0700);
	make_file(SESSION "/bus", 0600);
	if (chown(SESSION, 1000, 1000) < 0 || mkfifo(LAUNCHED, 0600) < 0 ||
	    chown(LAUNCHED, 1000, 1000) < 0)
		fprintf(stderr, "init: applications cannot be launched: %s\n", strerror(errno));
}

/* Nothing here seeds the kernel's random numbers before the first second is over, and the agent's
 * libraries would wait for it. So we say that the generator is seeded; it is not, which is good
 * enough for a guest of tests. A clone's true seed comes by identity.set. */
static void pretend_randomness(void)
{
	union {
		struct rand_pool_info info; /* ends in a flexible array */
		unsigned char space[sizeof(struct rand_pool_info) + 32];
	} seed = {.info = {.entropy_count = 256, .buf_size = 32}};
	int fd = open("/dev/urandom", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, RNDADDENTROPY, &seed) < 0)
		fprintf(stderr, "init: no randomness: %s\n", strerror(errno));
	close(fd);
}

static bool has_word(const char *words, const char *word)
{
	size_t length = strlen(word);
	for (const char *at = words; *at; at += strcspn(at, " \n"), at += strspn(at, " \n"))
		if (strcspn(at, " \n") == length && strncmp(at, word, length) == 0)
			return true;
	return false;
}

/* What the kernel tells udev; of that, the screen has been plugged. */
static void on_kernel(struct guest *guest)
{
	static const char hotplug[] = "HOTPLUG=1";
	char event[4096];
	ssize_t length;
	bool plugged = false;
	while ((length = recv(guest->polls[POLL_KERNEL].fd, event, sizeof(event), 0)) > 0)
		plugged |= memmem(event, (size_t)length, hotplug, sizeof(hotplug)) != NULL;
	if (plugged && screen_follow(&guest->screen))
		card_draw(&guest->card);
}

/* A program of its own: it waits, and init must not. */
static void start_probe(const char *words)
{
	static const char name[] = "qvmi.probe=";
	const char *targets = strstr(words, name);
	if (!targets || fork() != 0)
		return;
	static char copy[2048];
	snprintf(copy, sizeof(copy), "%s", targets + strlen(name));
	copy[strcspn(copy, " \n")] = '\0';
	setlinebuf(stdout);
	probe_run(copy);
	_exit(0);
}

static void read_command_line(struct guest *guest)
{
	char words[2048];
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t length = read(fd, words, sizeof(words) - 1);
	close(fd);
	words[length < 0 ? 0 : length] = '\0';
	guest->never_ready = has_word(words, "qvmi.never_ready");
	guest->lies = has_word(words, "qvmi.liar");
	while (has_word(words, "qvmi.hang"))
		;
	if (has_word(words, "qvmi.litter"))
		discard_memory();
	start_probe(words);
}

static void watch(struct guest *guest)
{
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	struct pollfd *polls = guest->polls;
	polls[POLL_SIGNAL] = (struct pollfd){
	    .fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC), .events = POLLIN};
	polls[POLL_DEV] =
	    (struct pollfd){.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), .events = POLLIN};
	inotify_add_watch(polls[POLL_DEV].fd, "/dev", IN_CREATE);
	/* proc_sys_poll(): a changed value is told as POLLERR | POLLPRI. */
	polls[POLL_HOSTNAME] = (struct pollfd){.fd = open(HOSTNAME, O_RDONLY | O_CLOEXEC)};
	/* Open for writing too, or each writer that leaves would be told as POLLHUP for ever. */
	polls[POLL_LAUNCHED] = (struct pollfd){
	    .fd = open(LAUNCHED, O_RDWR | O_NONBLOCK | O_CLOEXEC), .events = POLLIN};
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK, .nl_groups = 1};
	int events =
	    socket(AF_NETLINK, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	if (bind(events, (const struct sockaddr *)&kernel, sizeof(kernel)) != 0)
		perror("init: events");
	polls[POLL_KERNEL] = (struct pollfd){.fd = events, .events = POLLIN};
	for (unsigned i = 0; i < DEVICE_MAX; i++) {
		char path[32];
		snprintf(path, sizeof(path), "/dev/input/event%u", i);
		if (!input_init(&guest->inputs[i], path))
			break;
		polls[POLL_INPUT + i] =
		    (struct pollfd){.fd = guest->inputs[i].fd, .events = POLLIN};
		guest->input_count++;
	}
}

static void serve(struct guest *guest)
{
	const struct input_events events = {on_key, on_contact, guest};
	struct pollfd *polls = guest->polls;
	start_agent_when_port_is_there(guest);
	while (true) {
		if (poll(polls, POLL_INPUT + guest->input_count, -1) < 0)
			continue;
		for (unsigned i = 0; i < guest->input_count; i++)
			if (polls[POLL_INPUT + i].revents &&
			    !input_read(&guest->inputs[i], &events))
				polls[POLL_INPUT + i].fd = -1;
		if (polls[POLL_HOSTNAME].revents) {
			read_hostname(guest);
			card_show_status(&guest->card);
			/* For tests that compare pictures: now it shows. */
			fprintf(stderr, "init: named %s\n", guest->card.hostname);
		}
		if (polls[POLL_LAUNCHED].revents)
			on_launched(guest);
		if (polls[POLL_DEV].revents)
			start_agent_when_port_is_there(guest);
		if (polls[POLL_KERNEL].revents)
			on_kernel(guest);
		if (polls[POLL_SIGNAL].revents)
			on_signal(guest);
	}
}

/* What a user leaves at home: a line a launch, which nothing outside the guest knows the words of.
 */
static void leave_a_line(void)
{
	char host[64] = "", line[128];
	unsigned lines = 0;
	gethostname(host, sizeof(host) - 1);
	FILE *file = fopen(HOME "/launches", "a+e");
	if (!file) {
		printf("home: %s\n", strerror(errno));
		return;
	}
	fprintf(file, "a secret of %s\n", host);
	rewind(file);
	while (fgets(line, sizeof(line), file))
		lines++;
	fclose(file);
	printf("home: %u launches\n", lines);
}

static int launch(const char *id)
{
	leave_a_line();
	char line[200];
	int length = snprintf(line, sizeof(line), "%.150s\n", id);
	int fd = open(LAUNCHED, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	return fd >= 0 && write(fd, line, (size_t)length) == length ? 0 : 1;
}

int main(int argc, char **argv)
{
	static struct guest guest;
	if (getpid() != 1)
		return launch(argv[argc - 1]);
	set_up_system();
	pretend_randomness();
	read_command_line(&guest);
	watch(&guest);
	read_hostname(&guest);
	guest.card.screen = &guest.screen;
	if (screen_init(&guest.screen, "/dev/dri/card0")) {
		card_draw(&guest.card);
		if (!guest.never_ready)
			make_file(DRAWN, 0644);
		serve(&guest);
	}
	/* Without a screen there is nothing to show; whoever waits for it reads why on the console.
	 */
	turn_off();
	return 1;
}
