/* What Python calls. cffi reads this file as it is, so there is nothing but declarations in it. */

typedef struct {
    int32_t hop;                /* samples of a hop */
    double offset_share;        /* by which the mean that is taken off follows each hop's */
    int32_t up, down, half;     /* resampling: output n lies at input n * down / up, half samples on either side */
    int32_t taps_width;         /* a multiple of 16; taps are at its end, zeros before them */
    const float *taps;          /* [up][taps_width] */
    const float *halving;       /* [32], the newest tap last, zeros before them */
    const float *window_short;  /* [256] */
    const float *window_long;   /* [512] */
    const float *shift_real;    /* [55][4][4], from row to row, by half a sample */
    const float *shift_imaginary;
    float least_between;        /* of the power between samples that a correlation is divided by */
    float tie;                  /* periods whose merits differ by less are equally good */
    const int32_t *search_at;   /* [11][88], shortest first */
    const float *search_mix;
    const int32_t *gather_at;   /* [11 * 88][46] */
    const float *gather_mix;
    const uint8_t *missing;     /* [88][28] */
    const int32_t *level;       /* [88] */
    const float *steps;         /* [11] */
    const float *detune;        /* [11] */
    const float *registers;     /* [88] */
    int32_t rise_hops[4];
    int32_t trough_hops[2];
    int32_t depth;              /* hops of the past that are kept */
    double floor_climb;
} streamer_tables;

typedef struct streamer_stream streamer_stream;
typedef struct streamer_network streamer_network;

/* All memory is taken here. NULL if there is none, or if a table points beyond what it is for. */
streamer_stream *streamer_stream_new(const streamer_tables *tables, int fastest);
void streamer_stream_free(streamer_stream *stream);

/* features: [hops][88][81]; correlation: [hops][760], of the longest window; period_ratio: [hops][88]. */
void streamer_stream_analyse(streamer_stream *stream, const float *hops, size_t count, float *features,
                             float *correlation, float *period_ratio);

/* Everything between, of the last hop that was analysed, for tests: log_power_short [4][129],
   log_power_long [4][257], correlation [3][760], energy [3][4]. */
void streamer_stream_spectra(const streamer_stream *stream, float *log_power_short, float *log_power_long,
                             float *correlation, float *energy);

/* weights[k]: [units[k]][units[k + 1]]; NULL if there is no memory or a layer is too wide. */
streamer_network *streamer_network_new(size_t layers, const int32_t *units, const float *const *weights,
                                       const float *const *biases, int fastest);
void streamer_network_free(streamer_network *network);
void streamer_network_log_odds(const streamer_network *network, const float *rows, size_t count, float *out);

const char *streamer_kernels(int fastest);

/* The hops of the last 8 ms: rings of `size` values, of which `count` are there. */
typedef struct {
    double rate_hz;
    double *powers, *slopes;
    int32_t size, count, newest;
} streamer_meter;

/* Of each hop its peak and its mean square without its mean; of the last 8 ms until its end their level, and where their
   energy lies. Returns 1, and changes nothing, if a sample is beyond +-loudest or no number. */
int streamer_levels(streamer_meter *meter, const float *hops, size_t count, size_t hop, float loudest, float *peak,
                    double *power, double *level_db, double *brightness_hz);

/* Frequency of one candidate a hop and samples since it was so, as streamer.analysis.finepitch has it.
   correlation: [count][760]; candidate, f0_hz, age: [count]; level, name_hz: [88]; period_ratio: [count][88]. */
void streamer_fine_pitches(const float *correlation, size_t count, const int64_t *candidate, const int32_t *level,
                           const double *name_hz, const float *period_ratio, double rate_hz, double *f0_hz,
                           int64_t *age);

/* What fine pitches are found with: [88] each. */
typedef struct {
    const int32_t *level;
    const double *name_hz;
    double rate_hz;
} streamer_pitch_tables;

/* A network's two log odds of each candidate, [hops][88] each, and of the likeliest one its frequency and age, as above.
   Returns 1, and leaves all undefined, if the network is of another shape. */
int streamer_score(const streamer_network *network, const float *features, size_t hops,
                   const streamer_pitch_tables *tables, const float *correlation, const float *period_ratio,
                   float *scores, float *onset_scores, int64_t *likeliest, double *f0_hz, int64_t *age);

/* How many hops back things lie, as streamer.decision.onset_context and .contour count them. */
typedef struct {
    double hop_ms, weight, tuning_weight;
    int32_t columns;            /* of a row: features, onset context, contour */
    int32_t score_hops[10], pitch_hops[5], mean_hops;
    int32_t contour_ages[14], level_ages[9], windows[3], slow_ages[5], slow_step, glide_hops;
} streamer_context_settings;

/* What the note machine knows of its own decisions; current and ended are -1 for none. */
typedef struct {
    int32_t current, ended;
    int64_t since;              /* hops */
    double reference, end_sum;
} streamer_note_state;

typedef struct streamer_context streamer_context;

/* NULL if there is no memory, or if the settings are out of bounds. */
streamer_context *streamer_context_new(const streamer_context_settings *settings);
void streamer_context_free(streamer_context *context);

/* scores, onset_scores: [count][88]; pitches (MIDI, 0 for none), level_db: [count]. */
void streamer_context_add(streamer_context *context, const float *scores, const float *onset_scores,
                          const double *pitches, const double *level_db, size_t count);

/* At the hop that was added last. sums, ages: [88]; candidates: [count]; features: [count][81]; rows: [count][columns]. */
void streamer_context_describe(streamer_context *context, const streamer_note_state *state, const float *sums,
                               const int64_t *ages, const int64_t *candidates, size_t count, const float *features,
                               float *rows);

typedef struct {
    double hop_ms, newness, same_semitones, swing_semitones, swing_ms, swing_after_ms, propose, propose_again;
    double correct_within_ms, end;
} streamer_machine_settings;

typedef struct {
    int32_t current;            /* -1 for none */
    int64_t since, end_age, near_at; /* hops */
    double reference, end_sum, stood_ms, top;
    double stay;                /* log odds that what sounds goes on, of the hop at which the run stopped */
} streamer_machine_state;

/* Of some hops, one or [88] each; the last two are written. */
typedef struct {
    const float *scores, *onset_scores;
    const int64_t *likeliest;
    const double *pitches;      /* MIDI, no number for none */
    const uint8_t *audible;
    const double *level_db;
    float *clipped_scores, *clipped_onset_scores;
} streamer_machine_hops;

/* Goes through hops `first` to `count` - 1 and adds them to the context. Stops at one where a note may have to be
   proposed or to end, and returns which; this hop's sums are taken, but what sounds is not ended. Else `count`. */
size_t streamer_machine_run(const streamer_machine_settings *settings, streamer_machine_state *state,
                            streamer_context *context, const streamer_machine_hops *hops, float *sums, int64_t *ages,
                            size_t first, size_t count);
