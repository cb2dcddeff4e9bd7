#!/usr/bin/perl

# Copyright (C) nginx-live authors

# What moderators have done to users survives a restart of nginx, in a file:
# "chat_state".

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::Chat;
use Test::NginxLive::Token;

###############################################################################

Test::NginxLive->need(qw/ live http_live_chat ngx_http_live_token_module /);
Test::NginxLive->need_program(qw/ openssl /);

my $dir = Test::NginxLive::temp_dir();
chmod(0755, $dir);
my $keys = Test::NginxLive::Token->new($dir, 'HS256');

mkdir("$dir/state") or die;
chmod(0777, "$dir/state");
my $file = "$dir/state/chat";

my @clients;
my $t = server()->start;
my $mod = user('mona', role => 'moderator');

ok(!-e $file, 'there is no file yet');

# a guest is the same as long as it comes from the same address

my $guest = Test::NginxLive::Chat->new($t, '/chat/live/a');
my $id = $guest->join->{you}{id};

moderate('ban', target => 'bob', seconds => 1000);
moderate('ban', target => "b\x{e4} d", seconds => 0);
moderate('timeout', target => 'tim', seconds => 1000);
moderate('timeout', target => 'ted', seconds => 1);
moderate('shadow', target => 'sue');
moderate('ban', target => $id);

file(qr/^user live\/a $id \d+ 0 0$/m, 'a guest is in the file');
file(qr/^user live\/a bob \d+ 0 0$/m, 'a user is');
file(qr/^user live\/a b%c3%a4%20d \d+ 0 0$/m, 'whatever his id');
is((stat($file))[2] & 0777, 0600, 'which is for nobody else');

moderate('ban', target => 'ann');
file(qr/^user live\/a ann /m, 'another one');
moderate('unban', target => 'ann');
file(qr/^(?!.*^user live\/a ann )/ms, 'and back');

is(wrong('bob'), 'banned', 'banned');

# a reload, a worker that dies

$t->allow_log(qr/exited on signal 9/);
$t->kill_worker(($t->workers)[0]);
$t->reload;

is(wrong('bob'), 'banned', 'after a reload');
$mod = user('mona', role => 'moderator');
moderate('ban', target => 'eve');
file(qr/^user live\/a eve /m, 'written by who is left');

# a restart

leave();
my $text = Test::NginxLive::slurp($file);

$t = server()->start;

is(wrong('bob'), 'banned', 'after a restart');
is(wrong('eve'), 'banned', 'the last one, too');
is(wrong('tim'), 'muted', 'a timeout');
is(wrong('ted'), undef, 'that is over');
is(wrong('zoe'), undef, 'all others are free');
is(wrong('bob', 'b'), undef, 'and in all other rooms');

my $sue = user('sue');
my $w = user('zoe');
is($sue->refused(type => 'message', text => 'to myself'), undef, 'a shadow');
$mod = user('mona', role => 'moderator');
is($mod->refused(type => 'message', text => 'all hear'), undef, 'a message');
is($w->wait('message')->{text}, 'all hear', 'holds');

$guest = Test::NginxLive::Chat->new($t, '/chat/live/a');
is($guest->join->{you}{id}, $id, 'a guest is the same');
is($guest->refused(type => 'message', text => 'x'), 'banned', 'and banned');

moderate('unban', target => 'bob');
is(wrong('bob'), undef, 'a ban of before is lifted');
file(qr/^(?!.*^user live\/a bob )/ms, 'for good');

# a directory that cannot be written to: it goes on, and is told

chmod(0555, "$dir/state");

SKIP: {
    my $user = `ps -o user= -p @{[ ($t->workers)[0] ]}`;
    skip 'workers are root', 2 if $user =~ /root/;

    moderate('ban', target => 'joe');
    ok($t->wait_log(qr/chat state "[^"]+" cannot be written: open/, 10),
        'that it cannot be written is told');
    is(wrong('joe'), 'banned', 'a ban holds');
}

chmod(0777, "$dir/state");
leave();

# what is no such file is refused, and stays as it is

for my $bad ('', 'x', substr($text, 0, -3), $text . "user\n",
             $text =~ s/^user live.*/user live/mr, "\0" x 1000)
{
    Test::NginxLive::spit($file, $bad);
    my $r = server()->test_conf;
    like($r->{err}, qr/\[emerg\].* chat state "[^"]+": .* in line \d+/,
        'a bad file');
    is(Test::NginxLive::slurp($file), $bad, 'is left alone');
}

done_testing();

###############################################################################

sub server {
    return Test::NginxLive->new(
        live => "zone live 64m; chat_state $file; token_key " . $keys->dir . ';
            application live { play any; }',
        http => 'server { listen 127.0.0.1:%%PORT_http%% reuseport;
                 live_chat_rate off;
                 location /chat/ { live_chat; live_chat_guests write; } }'
    );
}


sub user {
    my ($sub, @claims) = @_;
    my $c = Test::NginxLive::Chat->new($t, '/chat/live/' . (@claims % 2
        ? shift @claims : 'a') . '?token=' . $keys->token('HS256', sub => $sub,
        stream => 'live/*', @claims));
    $c->join;
    push @clients, $c;
    return $c;
}


sub leave {
    $_->{ws}{http}->close for splice(@clients), $guest;
    $t->stop;
}


my $n;

# The error that a user gets.

sub wrong {
    my $c = user(@_);
    my $code = $c->refused(type => 'message', text => 'text ' . ++$n);
    (pop @clients)->close;
    return $code;
}


sub moderate {
    my ($action, @what) = @_;
    is($mod->refused(type => 'moderate', action => $action, @what), undef,
        $action);
}


sub file {
    my ($match, $name) = @_;

    ok(wait_for(sub { -e $file && Test::NginxLive::slurp($file) =~ $match },
        10, $name), $name);
}

###############################################################################
