# Copyright (C) nginx-live authors

# The section "token" of util/bench/run, which this is a part of.

###############################################################################

use warnings;
use strict;

use Digest::MD5 qw/ md5 /;
use Digest::SHA qw/ hmac_sha256 /;
use HTTP::Tiny;
use MIME::Base64 qw/ encode_base64url /;
use Time::HiRes qw/ sleep time /;

our ($root, $modules, $debian, $dir, $rounds, %results);

my @algs = qw/ HS256 HS384 HS512 RS256 PS256 ES256 ES384 EdDSA /;

# A file of 1 KiB and HLS, guarded in several ways, by one worker; those of
# "first" by another one that remembers nothing.  Each is asked for during half
# a second, in turn, in several rounds, so that what else the host does hits
# all of them.

sub bench_token {
	return note('no module of tokens: it is left out')
		if !-e "$modules/ngx_http_live_token_module.so";

	my $tokens = make_tokens();
	my ($server, $first) = map { start_token($tokens, $_) } qw/ 1m off /;
	my (%loads, @publishers);

	for my $app (qw/ live guard secret /) {
		publish($server, 1, $app);
		push @publishers, $server->{publisher};
	}

	wait_for('LL-HLS playlist', $server->{pid}, sub {
		get($server, "/hls/secret/bench/index.m3u8?token=$tokens->{HS256}[0]")
	});

	sleep(18);

	my @loads = (token_files($server, $first, $tokens),
		token_hls($server, $tokens));

	for my $round (1 .. $rounds) {
		requests($_) for $round % 2 ? @loads : reverse @loads;
	}

	stop($_) for @publishers;
	stop_server($_) for $first, $server;

	$results{token} = { map { $_->{name} => $_ } @loads };
	print_tokens(@loads);
}

# keys, and the tokens of some viewers for each algorithm

sub make_tokens {
	my $tool = "$root/util/live-token";
	my %tokens;

	mkdir "$dir/$_" for qw/ keys sign /;

	for my $alg (@algs) {
		my $key = "$dir/sign/$alg";
		my $hmac = $alg =~ /^HS/;

		run($tool, 'key', $alg, $key);
		run('cp', $hmac ? $key : "$key.pub",
			"$dir/keys/$alg." . ($hmac ? 'secret' : 'pem'));

		$tokens{$alg} = [ map {
			run($tool, 'make', $key, "--alg=$alg", "--kid=$alg",
				"--sub=viewer$_", '--stream=*', '--exp=2h')
		} 1 .. ($alg =~ /^(?:HS|ES)256$/ ? 100 : 4) ];
	}

	return \%tokens;
}

sub run {
	open(my $p, '-|', @_) or die "$_[0]: $!\n";
	my $out = join('', <$p>);
	close($p) or die "@_ failed\n";
	chomp($out);

	return $out;
}

sub get {
	my ($server, $uri) = @_;

	my $r = HTTP::Tiny->new(timeout => 5)
		->get("http://127.0.0.1:$server->{http}$uri");

	return $r->{success} ? $r->{content} : undef;
}

sub start_token {
	my ($tokens, $cache) = @_;
	my %ports = (rtmp => port(), http => port());
	my $load = join('', map { "load_module $_;\n" }
		"$debian/ngx_stream_module.so", map { "$modules/$_.so" }
		qw/ ngx_live_module ngx_stream_live_rtmp_module
		ngx_http_live_hls_module ngx_live_token_module
		ngx_http_live_token_module /);

	open(my $f, '>', "$dir/secret") or die "secret: $!\n";
	print $f 'correct horse battery';
	close $f;

	my $server = start_nginx('token', 1, <<"EOC", %ports);
$load
live {
    zone bench 128m;
    token_key $dir/keys;
    token_cache $cache;
    hls on; hls_path %PREFIX%/hls; hls_part 500ms; hls_window 20m;
    publish any;
    application live   { play any; }
    application guard  { play token; }
    application secret { play token; hls_secret on; }
}
stream {
    server { listen 127.0.0.1:$ports{rtmp}; live_rtmp; }
}
http {
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 100000000;
    keepalive_timeout 60s;
    server {
        listen 127.0.0.1:$ports{http} backlog=4096;
        root %PREFIX%/html;
        location /plain { }
        location /token { live_token \$arg_token; }
        location /signed {
            live_signed_url \$arg_sig \$arg_expires "\$uri \$arg_expires";
            live_signed_url_secret $dir/secret;
        }
        location /secure {
            secure_link \$arg_sig,\$arg_expires;
            secure_link_md5 "\$uri \$arg_expires correct horse battery";
            if (\$secure_link = "") { return 403; }
            if (\$secure_link = "0") { return 410; }
        }
        location /hls/ { live_hls; }
    }
}
EOC

	for my $name (qw/ plain token signed secure /) {
		open($f, '>', "$server->{prefix}/html/$name") or die "$!\n";
		print $f 'x' x 1024;
		close $f;
	}

	return $server;
}

# each is compared with a file that is not guarded, asked for in the same way

sub token_files {
	my ($server, $first, $tokens) = @_;
	my $end = time() + 7200 | 0;
	my @loads;

	my $load = sub {
		my ($on, $name, $as, @uris) = @_;

		push @loads, { server => $on, name => $name, as => $as,
			uris => \@uris };
	};

	my $signed = sub {
		my ($uri, $sign) = @_;

		return map { my $t = $end + $_; "$uri?sig="
			. encode_base64url($sign->("$uri $t")) . "&expires=$t" }
			1 .. 100;
	};

	my $md5 = sub { md5("$_[0] correct horse battery") };
	my $hmac = sub { hmac_sha256($_[0], 'correct horse battery') };

	$load->($server, 'file', undef, '/plain');
	$load->($server, 'file, URL of secure_link', undef,
		map { s/secure/plain/r } $signed->('/secure', $md5));
	$load->($server, 'secure_link', 'file, URL of secure_link',
		$signed->('/secure', $md5));
	$load->($server, 'live_signed_url', 'file, URL of secure_link',
		$signed->('/signed', $hmac));

	for my $alg (qw/ HS256 ES256 /) {
		my @t = @{$tokens->{$alg}};

		$load->($server, "file, URL of $alg", undef,
			map { "/plain?token=$_" } @t);
		$load->($server, "$alg, remembered", "file, URL of $alg",
			map { "/token?token=$_" } @t);
	}

	$load->($first, "$_, first", 'file, URL of HS256',
		map { "/token?token=$_" } @{$tokens->{$_}}) for @algs;

	return @loads;
}

# playlists and segments; the latter last for a minute

sub token_hls {
	my ($server, $tokens) = @_;
	my ($one, @t) = @{$tokens->{HS256}};
	my (%list, %segment, @loads);

	for my $app (qw/ live guard secret /) {
		my $index = get($server, "/hls/$app/bench/index.m3u8?token=$one");
		my ($session) = $index =~ m{^(\w+)/v0\.m3u8}m or die "no playlist\n";

		$list{$app} = "$app/bench/$session/v0.m3u8";

		my $text = get($server,
			"/hls/$app/bench/$session/a1.m3u8?token=$one");
		my ($name) = reverse $text =~ /^(a1-\d+\.m4s(?:\?s=\S+)?)/mg;

		$segment{$app} = "$app/bench/$session/$name";
	}

	s/\?token.*// for values %segment;

	for ([ 'playlist', \%list ], [ 'segment', \%segment ]) {
		my ($kind, $uri) = @$_;

		push @loads, map { { server => $server, as => $kind, %$_ } }
			{ name => $kind, as => undef, uris => [ "/hls/$uri->{live}" ] },
			{ name => "$kind, token in the path",
				uris => [ map { "/hls/~$_/$uri->{guard}" } @t ] },
			{ name => "$kind, token in the query",
				uris => [ map { "/hls/$uri->{guard}?token=$_" } @t ] },
			{ name => "$kind, hls_secret", uris => [ $kind eq 'segment'
				? "/hls/$uri->{secret}"
				: map { "/hls/~$_/$uri->{secret}" } @t ] };
	}

	return @loads;
}

sub requests {
	my ($load) = @_;
	my $server = $load->{server};

	open(my $f, '>', "$dir/uris") or die "uris: $!\n";
	print $f map { "$_\n" } @{$load->{uris}};
	close $f;

	my $r = measure('requests', '-f', "$dir/uris", '-p', $server->{http},
		'-t', 0.5, '-P', join(',', @{$server->{workers}}));

	note("$load->{name}: $r->{errors} errors, last status $r->{status}")
		if $r->{errors};

	return if !$r->{requests};

	push @{$load->{us}}, 1e6 * sum(map { $_->{cpu} } @{$r->{processes}})
		/ $r->{requests};
}

sub median {
	my @sorted = sort { $a <=> $b } @_;

	return @sorted ? $sorted[@sorted / 2] : undef;
}

sub print_tokens {
	my (@loads) = @_;
	my $all = $results{token};

	print "\nTokens, files of 1 KiB and HLS, medians of $rounds times 0.5 s\n\n";
	printf "%-28s %12s %14s %12s %9s\n", '', 'us/request',
		'requests/CPU s', 'us of it', 'ratio';

	for my $load (@loads) {
		my $us = median(@{$load->{us} || []});

		delete @$load{qw/ server uris /};
		next if !$us;

		$load->{median} = $us;

		# round by round: the host changes in the meantime

		my @pairs = $load->{as} ? map { [ $load->{us}[$_],
			$all->{$load->{as}}{us}[$_] ] } 0 .. $#{$load->{us}} : ();

		@pairs = grep { $_->[1] } @pairs;
		$load->{more} = median(map { $_->[0] - $_->[1] } @pairs);
		$load->{ratio} = median(map { $_->[0] / $_->[1] } @pairs);

		printf "%-28s %12.2f %14.0f %12s %9s\n", $load->{name}, $us,
			1e6 / $us, map { defined $_ ? sprintf('%.2f', $_) : '' }
			@$load{qw/ more ratio /};
	}
}

sub goals_token {
	goal("$_, CPU / the same without", $results{token}{$_}{ratio}, 1.05)
		for map { "$_, remembered" } qw/ HS256 ES256 /;
}

1;
