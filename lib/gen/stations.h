/* gen/stations.h - the weather stations of the measurements generator. */
#ifndef GEN_STATIONS_H
#define GEN_STATIONS_H

#include <stdint.h>

enum { STATION_COUNT = 400, STATION_NAME_SIZE = 32 };

/* Names are distinct UTF-8 of 3 to 26 bytes, padded with NULs so that all 32 may be copied. They
 * are made of letters, spaces, '-' and '\'': no delimiter of ours is in them. */
struct station {
    char name[STATION_NAME_SIZE];
    uint8_t length; /* bytes */
    int16_t mean;   /* of the temperature, in tenths of a degree Celsius */
};

extern const struct station gen_stations[STATION_COUNT];

#endif
