"""The compiled form of the hot modules: the same sources through Cython and a C compiler.

It is optional: without it the sources run interpreted, and give the same bytes. It knows nothing of
the rest of Sendflow. Start in `form.py`, which chooses at import; `build.py` builds.

    modules.py     the modules that are compiled
    library.py     where they lie, and from which sources they were built
    form.py        compiled if all sources are those of the build, else interpreted
    build.py       `python -m streams.compiled.build`; `make install` runs it
    wheel.py       the same for a wheel
    slot_cache.h   faster look-ups of attributes, in compiled modules
"""

from streams.compiled.form import VARIABLE, Form, FormUnavailable, form, use_form

__all__ = ["VARIABLE", "Form", "FormUnavailable", "form", "use_form"]
