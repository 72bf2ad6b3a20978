/** The command line, {@code modelassay.jar}: the same checks without Java tests. See docs/reference.md. */
@NullMarked
package io.modelassay.cli;

import org.jspecify.annotations.NullMarked;
