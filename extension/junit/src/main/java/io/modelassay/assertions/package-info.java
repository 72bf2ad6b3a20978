/**
 * AssertJ assertions for model artifacts. Start with a static import of
 * {@link io.modelassay.assertions.ModelAssertions#assertThat}.
 */
@NullMarked
package io.modelassay.assertions;

import org.jspecify.annotations.NullMarked;
