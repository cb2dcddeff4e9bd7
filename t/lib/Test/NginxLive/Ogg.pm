package Test::NginxLive::Ogg;

# Copyright (C) nginx-live authors

# Writes Ogg Opus (RFC 3533, RFC 7845), a page per packet.

use warnings;
use strict;


my @table = map {
    my $r = $_ << 24;
    $r = $r & 0x80000000 ? ($r << 1) ^ 0x04c11db7 : $r << 1 for 1 .. 8;
    $r & 0xffffffff;
} 0 .. 255;


sub _crc {
    my ($data) = @_;
    my $crc = 0;

    for my $byte (unpack('C*', $data)) {
        $crc = (($crc << 8) & 0xffffffff) ^ $table[($crc >> 24) ^ $byte];
    }

    return $crc;
}


sub _page {
    my ($packet, $flags, $granule, $n) = @_;

    my $size = length $packet;
    my @lacing = ((255) x int($size / 255), $size % 255);

    my $page = pack('a4 C C Q< V V V C C*', 'OggS', 0, $flags, $granule, 1,
        $n, 0, scalar(@lacing), @lacing) . $packet;

    substr($page, 22, 4) = pack('V', _crc($page));

    return $page;
}


# Packets of 20 ms with the header OpusHead.

sub opus {
    my ($head, @packets) = @_;

    my $out = _page($head, 2, 0, 0)
        . _page(pack('a8 V a0 V', 'OpusTags', 0, '', 0), 0, 0, 1);

    for my $i (0 .. $#packets) {
        $out .= _page($packets[$i], $i == $#packets ? 4 : 0,
            ($i + 1) * 960, $i + 2);
    }

    return $out;
}


1;
