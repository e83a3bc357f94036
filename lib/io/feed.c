#include "io/feed.h"

#include "base/memory.h"
#include "io/chunk_window.h"
#include "sheaf/cancel.h"
#include "sheaf/channel.h"
#include "sync/monitor.h"
#include "sync/thread.h"

#include <string.h>

enum {
    AHEAD_BYTES = 4 << 20, /* how far the reader goes ahead of the finished blocks … */
    AHEAD_LEAST = 4,       /* … but at least so many blocks, and two a worker */
};

/* One block: a chunk of one file. Its bytes do not change once it is in the index. */
struct block {
    char *bytes;
    uint64_t offset;
    size_t length;
    uint32_t file;
    bool first; /* of its file */
};

/* What is known of one file's blocks. */
struct feed_file {
    uint64_t first_block;
    uint64_t end; /* offset of its end; UINT64_MAX until the reader was there */
};

/* The reader is the thread, or under DATASET_READS_ITSELF whoever needs the next block. */
struct feed {
    struct feed_setup setup;
    struct sheaf_channel *numbers; /* NULL under DATASET_READS_ITSELF */
    struct thread thread;
    bool has_thread;
    struct sheaf_cancel *close_token; /* ends the thread's wait for a silent stream */
    uint64_t ahead;                   /* blocks */

    struct monitor monitor; /* guards what follows */
    struct chunk_window window;
    struct block *blocks; /* a ring: block n at n % capacity, for freed <= n < count */
    uint64_t capacity;    /* a power of two */
    uint64_t charged;     /* bytes of blocks past the read-ahead, which an open row keeps */
    uint64_t freed;       /* blocks below are gone */
    uint64_t count;       /* blocks read */
    uint64_t announced;   /* numbers sent */
    uint64_t claimed;     /* numbers received */
    uint64_t wanted;      /* an open row waits for blocks up to this number */
    char *spare;          /* a block's memory for reuse */
    uint32_t file;        /* being read */
    bool ended;           /* all inputs are read */
    bool stopped;         /* no more claims; open rows still get what they need */
    bool closing;
    struct sheaf_error failure; /* of the reader; status SHEAF_OK: none */
    struct feed_file files[];
};

static struct block *block_at(const struct feed *feed, uint64_t number)
{
    return &feed->blocks[number & (feed->capacity - 1)];
}

/* ---- reading ----------------------------------------------------------------------------- */

static bool grow_index_locked(struct feed *feed)
{
    if (feed->count - feed->freed < feed->capacity)
        return true;
    const uint64_t capacity = 2 * feed->capacity;
    size_t bytes;
    if (!size_multiply(capacity, sizeof *feed->blocks, &bytes))
        return false;
    struct block *grown = memory_alloc(bytes);
    if (grown == NULL)
        return false;
    for (uint64_t n = feed->freed; n < feed->count; n++)
        grown[n & (capacity - 1)] = *block_at(feed, n);
    memory_free(feed->blocks);
    feed->blocks = grown;
    feed->capacity = capacity;
    return true;
}

/* Charges the blocks that are in memory beyond what reading ahead takes anyway. */
static enum sheaf_status charge_blocks_locked(struct feed *feed, struct sheaf_error *error)
{
    struct memory_budget *budget = feed->setup.run.budget;
    const uint64_t blocks = feed->count - feed->freed;
    const uint64_t spare = 2 * feed->ahead;
    /* Its bytes, what malloc adds to them, and its place in the index, which has spare ones. */
    const uint64_t block_size = feed->setup.run.chunk_size + 2 * sizeof(struct block) + 32;
    const uint64_t wanted = blocks > spare ? (blocks - spare) * block_size : 0;
    if (wanted > feed->charged)
        TRY(memory_charge(budget, wanted - feed->charged, "a row that reaches past its chunk", NULL,
                          error));
    else
        memory_uncharge(budget, feed->charged - wanted);
    feed->charged = wanted;
    return SHEAF_OK;
}

/* Puts a block that was read into the index, or notes the end of the file, or the failure. */
static void take_block_locked(struct feed *feed, struct block *block, enum sheaf_status status,
                              const struct sheaf_error *error)
{
    struct feed_file *file = &feed->files[feed->file];
    if (status == SHEAF_OK && block->length > 0 && !grow_index_locked(feed))
        status = error_no_memory(&feed->failure, "the block index");
    else if (status == SHEAF_OK)
        status = charge_blocks_locked(feed, &feed->failure);
    else
        feed->failure = *error;
    if (status != SHEAF_OK) {
        feed->ended = true;
    } else if (block->length > 0) {
        *block_at(feed, feed->count) = *block;
        block->bytes = NULL;
        feed->count++;
    }
    /* A short block is the last of its file. */
    if (status == SHEAF_OK && block->length < feed->setup.run.chunk_size) {
        file->end = block->offset + block->length;
        feed->file++;
        if (feed->file == feed->setup.count)
            feed->ended = true;
        else
            feed->files[feed->file].first_block = feed->count;
    }
    if (feed->spare == NULL) {
        feed->spare = block->bytes;
        block->bytes = NULL;
    }
    monitor_broadcast(&feed->monitor);
}

/* Reads one block; gives up the lock meanwhile. Only the reader calls this. */
static void read_block_locked(struct feed *feed)
{
    const struct feed_file *file = &feed->files[feed->file];
    struct input *input = feed->setup.inputs[feed->file];
    struct block block = {
        .bytes = feed->spare,
        .offset = feed->setup.begins[feed->file] +
                  (feed->count - file->first_block) * feed->setup.run.chunk_size,
        .file = feed->file,
        .first = feed->count == file->first_block,
    };
    feed->spare = NULL;
    monitor_unlock(&feed->monitor);

    struct sheaf_error error = {.status = SHEAF_OK};
    enum sheaf_status status = SHEAF_OK;
    if (block.bytes == NULL)
        block.bytes = memory_alloc(feed->setup.run.chunk_size);
    if (block.bytes == NULL)
        status = error_no_memory(&error, "a block of the input");
    else
        status = input_next(input, block.bytes, feed->setup.run.chunk_size, &block.length, &error);

    monitor_lock(&feed->monitor);
    take_block_locked(feed, &block, status, &error);
    memory_free(block.bytes);
}

static bool may_read_locked(const struct feed *feed)
{
    if (feed->ended)
        return false;
    if (feed->count <= feed->wanted)
        return true;
    return !feed->stopped && feed->count < atomic_load(&feed->window.prefix) + feed->ahead;
}

static bool may_announce_locked(struct feed *feed)
{
    return !feed->stopped && feed->announced < feed->count &&
           feed->announced - feed->claimed < feed->ahead &&
           chunk_window_admits(&feed->window, feed->announced);
}

static void reader_main(void *argument)
{
    struct feed *feed = argument;
    monitor_lock(&feed->monitor);
    while (!feed->closing && !(feed->ended && (feed->stopped || feed->announced == feed->count))) {
        if (may_announce_locked(feed)) {
            const uint64_t number = feed->announced++;
            monitor_unlock(&feed->monitor);
            /* There is room: the channel holds `ahead` numbers, and nobody else sends. */
            sheaf_channel_send(feed->numbers, &number);
            monitor_lock(&feed->monitor);
        } else if (may_read_locked(feed)) {
            read_block_locked(feed);
        } else {
            monitor_wait(&feed->monitor);
        }
    }
    monitor_unlock(&feed->monitor);
    sheaf_channel_close(feed->numbers);
}

/* ---- opening and closing ----------------------------------------------------------------- */

static uint64_t blocks_ahead(const struct feed_setup *setup)
{
    uint64_t ahead = AHEAD_BYTES / setup->run.chunk_size;
    const uint64_t least = 2 * (uint64_t)setup->run.workers + AHEAD_LEAST;
    if (ahead < least)
        ahead = least;
    return ahead > CHUNK_WINDOW / 2 ? CHUNK_WINDOW / 2 : ahead;
}

static enum sheaf_status start_reader(struct feed *feed, struct sheaf_error *error)
{
    if (feed->setup.run.reader == DATASET_READS_ITSELF)
        return SHEAF_OK;
    TRY(sheaf_channel_open(feed->ahead, sizeof(uint64_t), NULL, &feed->numbers, error));
    TRY(sheaf_cancel_open(&feed->close_token, error));
    for (uint32_t file = 0; file < feed->setup.count; file++)
        input_end_by(feed->setup.inputs[file], feed->close_token);
    TRY(thread_start(&feed->thread, reader_main, feed, "sheaf-reader", error));
    feed->has_thread = true;
    return SHEAF_OK;
}

enum sheaf_status feed_open(const struct feed_setup *setup, struct feed **out,
                            struct sheaf_error *error)
{
    *out = NULL;
    struct feed *feed = memory_zeroed(1, sizeof *feed + setup->count * sizeof feed->files[0]);
    if (feed == NULL)
        return error_no_memory(error, "the block index");
    feed->setup = *setup;
    feed->ahead = blocks_ahead(setup);
    feed->capacity = 1;
    while (feed->capacity < 2 * feed->ahead)
        feed->capacity *= 2;
    for (uint32_t file = 0; file < setup->count; file++) {
        feed->files[file].end = UINT64_MAX;
        input_skip_to(setup->inputs[file], setup->begins[file]);
    }
    monitor_open(&feed->monitor);
    feed->blocks = memory_zeroed(feed->capacity, sizeof *feed->blocks);
    enum sheaf_status status =
        feed->blocks == NULL ? error_no_memory(error, "the block index") : SHEAF_OK;
    if (status == SHEAF_OK)
        status = start_reader(feed, error);
    if (status == SHEAF_OK)
        *out = feed;
    else
        feed_close(feed);
    return status;
}

void feed_stop(struct feed *feed)
{
    monitor_lock(&feed->monitor);
    feed->stopped = true;
    monitor_broadcast(&feed->monitor);
    monitor_unlock(&feed->monitor);
    if (feed->numbers != NULL)
        sheaf_channel_close(feed->numbers);
}

void feed_close(struct feed *feed)
{
    if (feed == NULL)
        return;
    if (feed->has_thread) {
        monitor_lock(&feed->monitor);
        feed->closing = true;
        monitor_broadcast(&feed->monitor);
        monitor_unlock(&feed->monitor);
        sheaf_cancel_set(feed->close_token, 1);
        thread_join(&feed->thread);
    }
    for (uint32_t file = 0; file < feed->setup.count; file++)
        input_end_by(feed->setup.inputs[file], NULL);
    sheaf_cancel_close(feed->close_token);
    sheaf_channel_destroy(feed->numbers);
    for (uint64_t n = feed->freed; feed->blocks != NULL && n < feed->count; n++)
        memory_free(block_at(feed, n)->bytes);
    memory_free(feed->blocks);
    memory_free(feed->spare);
    memory_uncharge(feed->setup.run.budget, feed->charged);
    monitor_close(&feed->monitor);
    memory_free(feed);
}

/* ---- what workers call ------------------------------------------------------------------- */

static enum sheaf_status stopped(struct sheaf_error *error)
{
    return error_set(error, SHEAF_STOPPED, "stopped");
}

/* Why there is no further block. */
static enum sheaf_status no_block_locked(const struct feed *feed, struct sheaf_error *error)
{
    if (feed->failure.status != SHEAF_OK) {
        if (error != NULL)
            *error = feed->failure;
        return feed->failure.status;
    }
    return feed->stopped ? stopped(error) : SHEAF_END;
}

static void describe_locked(const struct feed *feed, uint64_t number, struct chunk *out)
{
    const struct block *block = block_at(feed, number);
    *out = (struct chunk){
        .number = number,
        .offset = block->offset,
        .length = block->length,
        .file = block->file,
        .first = block->first,
    };
}

/* The claim without a reader thread: the next block, read now if need be. */
static enum sheaf_status claim_directly(struct feed *feed, struct chunk *out,
                                        struct sheaf_error *error)
{
    monitor_lock(&feed->monitor);
    while (feed->claimed == feed->count && !feed->ended && !feed->stopped)
        read_block_locked(feed);
    enum sheaf_status status = SHEAF_OK;
    if (feed->stopped || feed->claimed == feed->count)
        status = no_block_locked(feed, error);
    else
        describe_locked(feed, feed->claimed++, out);
    monitor_unlock(&feed->monitor);
    return status;
}

static bool is_stopped(struct feed *feed)
{
    monitor_lock(&feed->monitor);
    const bool is = feed->stopped;
    monitor_unlock(&feed->monitor);
    return is;
}

enum sheaf_status feed_claim(struct feed *feed, struct chunk *out, struct sheaf_error *error)
{
    if (sheaf_cancel_reason(feed->setup.cancel) != 0)
        return stopped(error);
    if (feed->numbers == NULL)
        return claim_directly(feed, out, error);
    if (is_stopped(feed))
        return stopped(error);
    uint64_t number;
    const bool received = sheaf_channel_recv(feed->numbers, &number) == SHEAF_OK;
    /* Receiving is the claim: even after a stop the chunk is the caller's, for others may wait for
     * what it publishes. */
    monitor_lock(&feed->monitor);
    enum sheaf_status status = SHEAF_OK;
    if (!received) {
        status = no_block_locked(feed, error);
    } else {
        feed->claimed++;
        describe_locked(feed, number, out);
        monitor_broadcast(&feed->monitor);
    }
    monitor_unlock(&feed->monitor);
    return status;
}

/* Waits for (or reads) a block that an open row needs, and asks for those up to `last`, which it
 * needs next; SHEAF_END at the end of the file. */
static enum sheaf_status await_block_locked(struct feed *feed, uint64_t number, uint64_t last,
                                            uint32_t file, uint64_t offset,
                                            struct sheaf_error *error)
{
    while (number >= feed->count) {
        if (offset >= feed->files[file].end)
            return SHEAF_END;
        if (feed->ended) /* by a failure: the end of the file was not reached */
            return no_block_locked(feed, error);
        if (feed->numbers == NULL) {
            read_block_locked(feed);
            continue;
        }
        if (feed->wanted < last) {
            feed->wanted = last;
            monitor_broadcast(&feed->monitor);
        }
        monitor_wait(&feed->monitor);
    }
    return offset >= feed->files[file].end ? SHEAF_END : SHEAF_OK;
}

enum sheaf_status feed_read(struct feed *feed, uint32_t file, uint64_t offset, char *buffer,
                            size_t length, size_t *got, struct sheaf_error *error)
{
    const uint64_t begin = feed->setup.begins[file];
    const uint64_t size = feed->setup.run.chunk_size;
    const uint64_t last = feed->files[file].first_block + (offset + length - 1 - begin) / size;
    *got = 0;
    while (*got < length) {
        const uint64_t at = offset + *got;
        const uint64_t number = feed->files[file].first_block + (at - begin) / size;
        struct block block = {.bytes = NULL};
        monitor_lock(&feed->monitor);
        enum sheaf_status status = SHEAF_END; /* more is not waited for */
        if (*got == 0 || number < feed->count)
            status = await_block_locked(feed, number, last, file, at, error);
        if (status == SHEAF_OK)
            block = *block_at(feed, number);
        monitor_unlock(&feed->monitor);
        if (status == SHEAF_END)
            break;
        TRY(status);
        /* The block stays: the caller's own chunk is before it and is not finished. */
        const size_t skip = (size_t)(at - block.offset);
        const size_t left = block.length - skip;
        const size_t count = left < length - *got ? left : length - *got;
        memcpy(buffer + *got, block.bytes + skip, count);
        *got += count;
    }
    return SHEAF_OK;
}

void feed_finish(struct feed *feed, uint64_t number)
{
    monitor_lock(&feed->monitor);
    if (chunk_window_finish_locked(&feed->window, number)) {
        const uint64_t prefix = atomic_load(&feed->window.prefix);
        for (; feed->freed < prefix; feed->freed++) {
            char *bytes = block_at(feed, feed->freed)->bytes;
            if (feed->spare == NULL)
                feed->spare = bytes;
            else
                memory_free(bytes);
        }
        (void)charge_blocks_locked(feed, NULL); /* fewer: nothing to refuse */
        monitor_broadcast(&feed->monitor);
    }
    monitor_unlock(&feed->monitor);
}
