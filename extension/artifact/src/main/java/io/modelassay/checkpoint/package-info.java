/**
 * What is on disk: tensor files, shard indexes, {@code config.json}, tokenizer files.
 *
 * <p>Headers are read at once, tensor bytes only when asked for and always through memory mapping. Nothing in a
 * checkpoint is ever executed, every length read from a file is checked before memory is taken for it, and every
 * defect becomes a {@link io.modelassay.checkpoint.CheckpointException} that says where it is.
 */
@NullMarked
package io.modelassay.checkpoint;

import org.jspecify.annotations.NullMarked;
