package Test::NginxLive::WebRTC;

# Copyright (C) nginx-live authors

# WebRTC: offers, checks of ICE, and Chromium as a client, by
# t/browser/webrtc.js, which describes its options and reports.
#
#     my $r = post($t, '/whep/live/a', offer(whep => 1));
#     my $b = Test::NginxLive::WebRTC->new('whep', $t->url('/whep/live/a'),
#         seconds => 5);
#     my $r = $b->report();

use warnings;
use strict;

use Cwd ();
use Digest::SHA qw/ hmac_sha1 /;
use Exporter ();
use File::Basename ();
use IO::Socket::INET;
use JSON::PP ();
use Test::More ();

use Test::NginxLive::Browser;
use Test::NginxLive::HTTP;
use Test::NginxLive::Process qw/ factor spawn wait_for which /;

our @ISA = qw/ Exporter /;
our @EXPORT = qw/ offer post check crc32 answer_of /;

my $TOP = Cwd::abs_path(File::Basename::dirname(__FILE__) . '/../../../..');
my $PRINT = join(':', map { sprintf('%02X', $_) } 1 .. 32);


# An offer of one video and one audio section; DIRECTION is sendonly or
# recvonly, and what is in %opt takes the place of what a browser says.

sub offer {
    my ($direction, %opt) = @_;

    my $ufrag = $opt{ufrag} // 'abcd';
    my $pwd = $opt{pwd} // '0123456789abcdef012345';
    my $setup = $opt{setup} // 'actpass';
    my $print = exists $opt{fingerprint} ? $opt{fingerprint}
                                         : "sha-256 $PRINT";
    my $codec = $opt{codec} // 'H264/90000';
    my $mode = $opt{mode} // 1;
    my $mux = ($opt{mux} // 1) ? "a=rtcp-mux\r\n" : '';

    my $transport = "c=IN IP4 0.0.0.0\r\n"
        . ($ufrag ne '' ? "a=ice-ufrag:$ufrag\r\na=ice-pwd:$pwd\r\n" : '')
        . (defined $print ? "a=fingerprint:$print\r\n" : '')
        . "a=setup:$setup\r\na=$direction\r\n$mux";

    return "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
        . "a=group:BUNDLE 0 1\r\n"
        . "m=video 9 UDP/TLS/RTP/SAVPF 96 102\r\na=mid:0\r\n$transport"
        . "a=rtpmap:96 VP8/90000\r\na=rtpmap:102 $codec\r\n"
        . "a=fmtp:102 packetization-mode=$mode;profile-level-id=42e01f\r\n"
        . "a=rtcp-fb:102 nack pli\r\n"
        . ($opt{audio} // 1 ? "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:1\r\n"
            . "${transport}a=rtpmap:111 opus/48000/2\r\n" : '');
}


sub post {
    my ($t, $uri, $sdp, %opt) = @_;

    return Test::NginxLive::HTTP->new(port => $t->port('http'))->get($uri,
        method => 'POST', body => $sdp,
        headers => { 'Content-Type' => $opt{type} // 'application/sdp' });
}


sub answer_of {
    my ($r) = @_;
    my %found;

    ($found{ufrag}) = $r->{body} =~ /^a=ice-ufrag:(\S+)/m;
    ($found{pwd}) = $r->{body} =~ /^a=ice-pwd:(\S+)/m;
    ($found{port}) = $r->{body} =~ /^a=candidate:\S+ 1 udp \d+ \S+ (\d+)/m;

    return \%found;
}


sub crc32 {
    my ($data) = @_;
    my $crc = 0xffffffff;

    for my $byte (unpack('C*', $data)) {
        $crc ^= $byte;
        $crc = $crc & 1 ? ($crc >> 1) ^ 0xedb88320 : $crc >> 1 for 1 .. 8;
    }

    return $crc ^ 0xffffffff;
}


# A binding request as a browser sends it, RFC 8445.

sub check {
    my ($ufrag, $pwd, %opt) = @_;

    my $attr = sub {
        my ($type, $value) = @_;
        return pack('nn', $type, length $value) . $value
            . "\0" x (-length($value) % 4);
    };

    my $body = $attr->(0x0006, "$ufrag:abcd")
        . $attr->(0x0024, pack('N', 1845501695))
        . $attr->(0x802a, 'tiebreak')
        . ($opt{nominate} ? $attr->(0x0025, '') : '')
        . ($opt{unknown} ? $attr->(0x7001, 'what') : '');

    my $id = $opt{id} // join('', map { chr(int(rand(256))) } 1 .. 12);
    my $head = sub { pack('nnN', 1, $_[0], 0x2112a442) . $id };

    if (defined $pwd) {
        $body .= $attr->(0x0008,
            hmac_sha1($head->(length($body) + 24) . $body, $pwd));
    }

    my $crc = crc32($head->(length($body) + 8) . $body) ^ 0x5354554e;

    return $head->(length($body) + 8) . $body . pack('nnN', 0x8028, 4, $crc);
}


sub need {
    my ($class) = @_;

    for my $name (qw/ node chromium /) {
        Test::More::plan(skip_all => "no $name") unless which($name);
    }

    Test::More::plan(skip_all =>
        'no playwright, run "util/page build --browser"')
        unless -d Test::NginxLive::Browser::build() . '/browser/node_modules';
}


sub new {
    my ($class, $action, $url, %opt) = @_;

    $opt{start} //= 20 * factor();

    my $json = JSON::PP->new->canonical->encode(\%opt);
    my $proc = spawn(env => { NGX_LIVE_BUILD =>
                              Test::NginxLive::Browser::build() },
        cmd => [ 'node', "$TOP/t/browser/webrtc.js", $action, $url, $json ]);

    return bless { proc => $proc, opt => \%opt }, $class;
}


sub events {
    my ($self) = @_;

    return map { JSON::PP::decode_json($_) }
        grep { /^\{.*\}$/ } split(/\n/, $self->{proc}->output);
}


sub event {
    my ($self, $name) = @_;

    return wait_for(sub {
        my ($found) = grep { $_->{event} eq $name } $self->events();
        return $found if $found;

        die "the browser ended: " . $self->{proc}->log . "\n"
            unless $self->{proc}->alive;
        return undef;
    }, $self->{opt}{start} + 20, "\"$name\" of the browser");
}


sub report { $_[0]->event('report') }


# Ends it, if it would go on by itself, and waits for what it says.

sub finish {
    my ($self) = @_;

    kill('INT', $self->{proc}->pid);

    my $r = $self->report();
    $self->{proc}->wait;

    return $r;
}


1;
