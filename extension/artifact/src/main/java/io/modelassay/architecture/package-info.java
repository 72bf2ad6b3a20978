/**
 * The parameters a model type should have and how its layers are wired.
 *
 * <p>A family is one data file in this package's resources, {@code families/<model_type>.json}: one or several stacks of
 * modules with their names, kinds and shapes, the latter as expressions over the config's keys ({@code "num_attention_heads
 * * head_dim"}); the config objects that a stack reads, and defaults of absent keys; names of earlier generations; and the
 * kernel file that runs a layer, without which a family has a structure and no forward pass. Adding a family adds a file.
 */
@NullMarked
package io.modelassay.architecture;

import org.jspecify.annotations.NullMarked;
