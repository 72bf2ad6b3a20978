/**
 * The parameters a model type should have and how its layers are wired.
 *
 * <p>A family is one data file in this package's resources, {@code families/<model_type>.json}: names, kinds and
 * symbolic shapes of the modules, defaults of absent config keys, and the kernel file that runs a layer. Adding a family
 * adds a file.
 */
@NullMarked
package io.modelassay.architecture;

import org.jspecify.annotations.NullMarked;
