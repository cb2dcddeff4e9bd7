#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Every configuration in the documentation loads: the fenced blocks marked
# "nginx" of README.md and docs/*.md, and conf/*.conf.  A block that is not a
# whole configuration is put where it belongs by its first directive.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;

###############################################################################

Test::NginxLive->need('live');

my $top = Test::NginxLive->top();


# The modules this build has, whatever the text loads.

sub load {
    my @built = grep { !/_test_/ } Test::NginxLive->built();

    return join('', map { "load_module $_;\n" }
        Test::NginxLive::stream_module(),
        map { Test::NginxLive->build() . "/modules/$_.so" } @built);
}


# Paths of another machine become paths of a temporary directory.

sub localize {
    my ($text, $t) = @_;
    my $dir = $t->dir();

    $text =~ s/^\s*load_module\s[^;]*;//mg;
    $text =~ s/^\s*include\s+\S*modules\S*;//mg;
    $text =~ s/^\s*user\s[^;]*;//mg;
    $text =~ s/^\s*pid\s[^;]*;//mg;
    $text =~ s/^(\s*(?:error|access)_log\s+)(?!off)[^\s;]+/$1$dir\/x.log/mg;
    $text =~ s/(ssl_certificate\s+)[^;]+/$1$dir\/cert\/cert.pem/g;
    $text =~ s/(ssl_certificate_key\s+)[^;]+/$1$dir\/cert\/key.pem/g;
    $text =~ s/(token_key\s+|url_secret\s+|webhook_secret\s+)[^\s;]+/$1$dir\/key.secret/g;
    $text =~ s/(hls_path\s+)[^\s;]+/$1$dir\/hls/g;
    $text =~ s/(proxy_cache_path\s+)[^\s;]+/$1$dir\/cache/g;
    $text =~ s/(_temp_path\s+)[^\s;]+/$1$dir\/temp/g;
    $text =~ s/\b(listen\s+(?:\S+:)?)\d+(?=[\s;])/$1 . free_port()/ge;

    return $text;
}


# A fragment in the block it belongs to.

sub complete {
    my ($text) = @_;

    return $text if $text =~ /^\s*events\s*\{/m;

    my ($first) = $text =~ /^\s*(?:#.*\n\s*)*(\w+)/;

    $text = "http {\n$text\n}\n"
        if $text !~ /^\s*(?:http|stream|live)\s*\{/m
           && $text =~ /^\s*(?:server|upstream|map|log_format
                             |proxy_cache_path)\b/x
           && $text !~ /live_rtmp\s*;/;

    if ($first eq 'location') {
        $text = "http {\nserver {\nlisten 80;\n$text\n}\n}\n";

    } elsif ($first eq 'application') {
        $text = "live {\nzone live 32m;\n$text\n}\n";

    } elsif ($first eq 'server' && $text =~ /live_rtmp\s*;/) {
        $text = "stream {\n$text\n}\n";
    }

    if ($text !~ /^\s*live\s*\{/m) {
        $text .= "live {\nzone live 32m;\napplication live { publish any; }\n"
            . "}\n";
    }

    return "events {}\n$text";
}


sub check {
    my ($name, $text) = @_;

    my $t = Test::NginxLive->new(modules => []);
    my $dir = $t->dir();

    $t->expand('%%CERT%%');
    spit("$dir/key.secret", 'a secret of more than 32 characters');
    $text = load() . "pid $dir/nginx.pid;\n" . localize(complete($text), $t);
    spit("$dir/example.conf", $text);

    my $res = run_command(timeout => 20, env => $t->environment(),
        cmd => [ $t->nginx_binary(), '-t', '-p', "$dir/", '-c',
                 "$dir/example.conf", '-e', 'stderr' ]);

    is($res->{rc}, 0, $name) or diag("$res->{err}\n$text");
}


for my $file ("$top/README.md", sort glob("$top/docs/*.md")) {
    my $text = slurp($file);
    my ($base) = $file =~ m{([^/]+)$};
    my $n = 0;

    while ($text =~ /^```nginx\n(.*?)^```$/msg) {
        check("$base, example " . ++$n, $1);
    }
}

for my $file (sort glob("$top/conf/*.conf")) {
    my ($base) = $file =~ m{([^/]+)$};
    check("conf/$base", slurp($file));
}

###############################################################################

done_testing();
