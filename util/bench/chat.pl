# Copyright (C) nginx-live authors

# The section "chat" of util/bench/run, which this is a part of.

###############################################################################

use warnings;
use strict;

our ($modules, $debian, $bin, $seconds, %results);

my $nchan_module = "$debian/ngx_nchan_module.so";
my @rooms = split(' ', $ENV{BENCH_ROOMS} || '5000x10 2000x50 2000x200');
my $chat_rounds = $ENV{BENCH_CHAT_ROUNDS} || 1;

# the chat: each round all contenders in turn, so that what else the host does
# meets them alike; of several rounds the median counts

sub bench_chat {
	my %start = (
		'floor, 50 ms' => [ [ 2 ], \&start_chat_floor ],
		'libnginx-mod-nchan' => [ [ 1, 2 ], \&start_nchan ],
		'nginx-live chat' => [ [ 1, 2 ], \&start_chat ],
	);

	return note('no module of the chat: it is left out')
		if !-e "$modules/ngx_http_live_chat_module.so";

	if (!-e $nchan_module) {
		note("$nchan_module is missing (package libnginx-mod-nchan): "
			. 'it is left out');
		delete $start{'libnginx-mod-nchan'};
	}

	for my $room (@rooms) {
		my ($n, $rate) = split(/x/, $room);

		head_chat($n, $rate);

		for my $round (1 .. $chat_rounds) {
			for my $name (sort keys %start) {
				my ($workers, $starter) = @{$start{$name}};

				chat_measure($name, $room, $_,
					$starter->($_, $rate, $n)) for @$workers;
			}
		}

		for my $name (sort keys %start) {
			print_chat($name, $room, $_) for @{$start{$name}[0]};
		}
	}
}

# a message of 64 bytes, which has become 262 with its frame, is said to
# nchan and to the floor with that length

sub start_chat_floor {
	my ($workers, $rate) = @_;
	my ($port, $pid);

	$port = port();
	$pid = start('chatfloor', "$bin/chatfloor", '-p', $port,
		'-m', $rate, '-l', 262, '-F', 50, '-w', $workers);

	wait_for('chatfloor', $pid, sub {
		listening($port) && workers($pid) == $workers
	});

	return { pid => $pid, workers => [ workers($pid) ], http => $port,
		load => [ qw/ -k raw / ] };
}

# memory that each connection costs, used or not: some more than are needed

sub chat_connections {
	my ($workers, $n) = @_;

	return int($n / $workers * 1.05 + 200);
}

sub start_nchan {
	my ($workers, $rate, $n) = @_;
	my %ports = (http => port(),
		connections => chat_connections($workers, $n));

	my $server = start_nginx('mod-nchan', $workers, <<"EOC", %ports);
load_module $nchan_module;
http {
    access_log off;
    request_pool_size 1536;
    client_header_buffer_size 512;
    nchan_shared_memory_size 128m;
    server {
        listen 127.0.0.1:$ports{http} reuseport backlog=4096;
        location /sub {
            nchan_subscriber websocket;
            nchan_channel_id bench;
            nchan_subscriber_first_message newest;
        }
        location /pub {
            nchan_publisher websocket;
            nchan_channel_id bench;
            nchan_message_buffer_length 100;
        }
    }
}
EOC

	$server->{load} = [ qw{ -k nchan -l 258 -u /sub -U /pub } ];

	return $server;
}

sub start_chat {
	my ($workers, $rate, $n) = @_;
	my %ports = (http => port(),
		connections => chat_connections($workers, $n));

	my $server = start_nginx('nginx-live', $workers, <<"EOC", %ports);
load_module $modules/ngx_live_module.so;
load_module $modules/ngx_http_live_chat_module.so;
live {
    zone bench 64m;
    application live { play any; }
}
http {
    access_log off;
    request_pool_size 5888;
    client_header_buffer_size 512;
    server {
        listen 127.0.0.1:$ports{http} reuseport backlog=4096;
        location /chat/ {
            live_chat;
            live_chat_guests write;
            live_chat_rate off;
        }
    }
}
EOC

	$server->{load} = [ qw{ -k live -l 64 -u /chat/live/bench } ];

	return $server;
}

sub chat_measure {
	my ($name, $room, $workers, $server) = @_;
	my ($n, $rate) = split(/x/, $room);

	my $r = measure('chatload', @{$server->{load}}, '-p', $server->{http},
		'-c', $n, '-m', $rate, '-t', $seconds, '-P',
		join(',', @{$server->{workers}}));

	stop_server($server);

	$r->{cpu} = sum(map { $_->{cpu} } @{$r->{processes}});
	$r->{us} = $r->{delivered} ? $r->{cpu} / $r->{delivered} * 1e6 : 0;
	$r->{shares} = [ map { $r->{cpu} ? $_->{cpu} / $r->{cpu} : 0 }
		@{$r->{processes}} ];
	$r->{added} = sum(map { $_->{pss_added} } @{$r->{idle}{processes}})
		/ ($r->{ready} || 1);
	$r->{all} = $r->{idle_pss} / ($r->{ready} || 1);

	# the floor has no sender: what was due is what was said

	$r->{sent} ||= $rate * $r->{seconds};

	note("$name, $room: $r->{errors} of $n clients failed: $r->{error}")
		if $r->{errors};

	push @{$results{chat}{$room}{$name}{$workers}}, $r;
}

# of the rounds

sub chat_median {
	my ($room, $name, $workers, $what) = @_;
	my $all = $results{chat}{$room}{$name}{$workers} or return;

	my @values = sort { $a <=> $b } map { $what->($_) } @$all;

	return $values[int($#values / 2)];
}

sub chat_us { return chat_median(@_, sub { $_[0]{us} }) }

sub chat_p99 { return chat_median(@_, sub { $_[0]{latency_ms}{p99} }) }

sub chat_ratio {
	my ($room, $name, $workers, $other, $others) = @_;
	my $value = chat_us($room, $other, $others) or return;

	return chat_us($room, $name, $workers) / $value;
}

sub head_chat {
	my ($n, $rate) = @_;

	print "\nChat, a room of $n, $rate messages/s, $seconds s each"
		. ($chat_rounds > 1 ? ", medians of $chat_rounds" : '') . "\n\n";
	printf "%-20s %7s %9s %7s %7s %9s %21s %11s %-7s\n", '', 'workers',
		'CPU us/', '/nchan', '/floor', 'of what', 'latency, ms',
		'KiB/client', 'workers';
	printf "%-20s %7s %9s %7s %7s %9s %21s %11s %-7s\n", '', '',
		'delivery', '', '50 ms', 'was due', 'p50/p99/p999',
		'added/all', 'CPU, %';
}

sub print_chat {
	my ($name, $room, $workers) = @_;
	my ($n) = split(/x/, $room);
	my @at = ($room, $name, $workers);
	my $last = $results{chat}{$room}{$name}{$workers}[-1];

	printf "%-20s %7d %9.2f %7s %7s %8.1f%% %21s %11s %-7s\n", $name,
		$workers, chat_us(@at),
		map({ defined $_ ? sprintf('%.2f', $_) : '' }
			chat_ratio(@at, 'libnginx-mod-nchan', $workers),
			chat_ratio(@at, 'floor, 50 ms', 2)),
		chat_median(@at, sub {
			100 * $_[0]{delivered} / $_[0]{sent} / $n }),
		join('/', map { sprintf '%.1f', $_ }
			chat_median(@at, sub { $_[0]{latency_ms}{p50} }),
			chat_p99(@at), chat_median(@at, sub { $_[0]{p999} })),
		join('/', map { sprintf '%.1f', $_ }
			chat_median(@at, sub { $_[0]{added} }),
			chat_median(@at, sub { $_[0]{all} })),
		join('/', map { sprintf '%.0f', $_ * 100 } @{$last->{shares}});
}

###############################################################################

sub goals_chat {
	my ($name, $nchan) = ('nginx-live chat', 'libnginx-mod-nchan');
	my %share = (10 => 1, 50 => 0.5, 200 => 0.2);

	for my $room (sort keys %{$results{chat}}) {
		my ($n, $rate) = split(/x/, $room);

		for my $w (1, 2) {
			my $what = "$n clients, $rate messages/s, $w worker"
				. ($w > 1 ? 's' : '');
			my $p99 = $rate > 10 ? 100
				: chat_p99($room, $nchan, $w);

			goal("$what: CPU / nchan",
				chat_ratio($room, $name, $w, $nchan, $w),
				$share{$rate}) if $share{$rate};
			goal("$what: p99, ms", chat_p99($room, $name, $w), $p99)
				if $p99;
			goal("$what: KiB per client",
				chat_median($room, $name, $w,
					sub { $_[0]{all} }), 8) if $n >= 5000;
		}
	}
}

1;
